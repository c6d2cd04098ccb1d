package acctest

import (
	"testing"

	"github.com/hashicorp/go-version"
)

func TestLacks(t *testing.T) {
	for _, test := range []struct {
		tofu    bool
		version string
		feature Feature
		want    string
	}{
		{false, "1.9.8", Ephemerals, "Terraform 1.9.8 has no ephemeral resources: that needs 1.10"},
		{false, "1.10.0", Ephemerals, ""},
		{true, "1.10.7", Ephemerals, "OpenTofu 1.10.7 has no ephemeral resources: that needs 1.11"},
		{true, "1.11.0", Ephemerals, ""},
		{true, "1.12.6", Queries, "OpenTofu has no query"},
		{false, "1.14.0-rc1", Queries, ""},
	} {
		if got := (cli{test.tofu, version.Must(version.NewVersion(test.version))}).lacks(test.feature); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
