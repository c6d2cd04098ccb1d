package apitoken

var EphemeralName = ephemeralName
