package apitoken

var (
	EphemeralName = ephemeralName
	LeftBehind    = leftBehind
)
