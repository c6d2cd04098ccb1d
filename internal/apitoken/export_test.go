package apitoken

var (
	EphemeralName      = ephemeralName
	EncryptToAttribute = encryptToAttribute
	EncryptToTypes     = encryptToTypes
)
