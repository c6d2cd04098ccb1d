package functions

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/validate"
)

// The arguments of age_decrypt, by position.
const (
	ciphertextArgument = iota
	identityArgument
)

// AgeDecrypt is the function age_decrypt. It needs no configured provider.
type AgeDecrypt struct{}

// NewAgeDecrypt returns the function age_decrypt.
func NewAgeDecrypt() function.Function { return AgeDecrypt{} }

func (AgeDecrypt) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "age_decrypt"
}

func (AgeDecrypt) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Text that was encrypted with age",
		MarkdownDescription: "Returns the text that was encrypted with [age](https://age-encryption.org) to the public key of an " +
			"identity: the secret in `encrypted_secrets.age` of a token with `encrypt_to`, or any other text. Declare the identity as a " +
			"variable that is `ephemeral` and `sensitive` (Terraform 1.10, OpenTofu 1.11), and pass the result to a write-only argument: " +
			"then neither is in a plan or a state, and the error of a failed call does not print the identity.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name: "ciphertext", MarkdownDescription: "The armored age file, which begins with `-----BEGIN AGE ENCRYPTED FILE-----`.",
			},
			function.StringParameter{
				Name: "identity",
				MarkdownDescription: "Private key of a recipient: `AGE-SECRET-KEY-1…`, a whole key file of `age-keygen`, or a private " +
					"SSH key in PEM (`ssh-ed25519` or `ssh-rsa`) without a passphrase. Never write it into a configuration.",
				Validators: []function.StringParameterValidator{validate.Argument(sealing.CheckAgeIdentity)},
			},
		},
		Return: function.StringReturn{},
	}
}

func (AgeDecrypt) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var ciphertext, identity string
	if resp.Error = req.Arguments.Get(ctx, &ciphertext, &identity); resp.Error != nil {
		return
	}
	plaintext, err := sealing.DecryptAge(ciphertext, identity)
	switch {
	case errors.Is(err, sealing.ErrOtherIdentity):
		resp.Error = function.NewArgumentFuncError(identityArgument, err.Error())
	case err != nil:
		resp.Error = function.NewArgumentFuncError(ciphertextArgument, err.Error())
	default:
		resp.Error = resp.Result.Set(ctx, plaintext)
	}
}
