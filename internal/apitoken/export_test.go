package apitoken

var (
	EphemeralName      = ephemeralName
	LeftBehind         = leftBehind
	EncryptToAttribute = encryptToAttribute
	EncryptToTypes     = encryptToTypes
)
