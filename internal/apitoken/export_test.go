package apitoken

var (
	EphemeralName = ephemeralName

	// For the tests of encrypt_to with a provider of their own.
	EncryptToAttribute = encryptToAttribute
	SealTo             = sealTo
	RecipientsChange   = recipientsChange
)
