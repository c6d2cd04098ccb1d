package providerdata

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

func TestNoPrintingShowsTheSecret(t *testing.T) {
	const secret = "cf_secret_hidden"
	client, err := cloudfleet.New(cloudfleet.Options{AccessTokenID: "2iKo4Asy51EUx2gpJFW76t", AccessTokenSecret: secret})
	if err != nil {
		t.Fatal(err)
	}
	value := types.StringValue(secret)
	data := Data{Client: client, AccessTokenSecret: func() types.String { return value }}
	// The methods of a type do not hide its unexported fields when it is printed.
	nested := struct{ data Data }{data}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, printed := range []any{data, &data, nested, &nested} {
			if text := fmt.Sprintf(verb, printed); strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
				t.Errorf("%s of %T: %s", verb, printed, text)
			}
		}
	}
	if got := data.AccessTokenSecret(); got != value {
		t.Errorf("the secret is %s", got)
	}
}
