package oci

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/credentialhelper"
)

func TestAskHelper(t *testing.T) {
	const patience = 10 * time.Second
	for name, test := range map[string]struct {
		script string
		limit  time.Duration
		want   login
		err    string
	}{
		"answers":         {credentialhelper.Answers, patience, login{username: "somebody", password: "hush-1"}, ""},
		"says much":       {"echo warning >&2\n" + credentialhelper.Answers, patience, login{username: "somebody", password: "hush-1"}, ""},
		"none":            {"", patience, login{}, "is not on the PATH"},
		"not found":       {"echo credentials not found in native keychain; exit 1", patience, login{}, "has no credentials for it"},
		"fails":           {"echo hush-2; echo hush-3 >&2; exit 3", patience, login{}, "failed: exit status 3"},
		"prints nothing":  {"exit 0", patience, login{}, "answered what is not a login"},
		"prints garbage":  {"echo hush-4", patience, login{}, "answered what is not a login"},
		"half an answer":  {`echo '{"Username": "somebody", "Secret": "hush-5'`, patience, login{}, "answered what is not a login"},
		"number":          {`echo '{"Username": 5, "Secret": "hush-6"}'`, patience, login{}, "answered what is not a login"},
		"identity token":  {`echo '{"Username": "<token>", "Secret": "hush-10"}'`, patience, login{identityToken: "hush-10"}, ""},
		"hangs":           {"exec sleep 60", 300 * time.Millisecond, login{}, "did not answer within 300ms"},
		"child hangs":     {"echo hush-11; sleep 60; echo x", 300 * time.Millisecond, login{}, "did not answer within 300ms"},
		"cannot be run":   {"#", patience, login{}, "answered what is not a login"},
		"waits for input": {"while read -r line; do :; done\nexit 4", patience, login{}, "failed: exit status 4"},
	} {
		t.Run(name, func(t *testing.T) {
			credentialhelper.Install(t, test.script)
			start := time.Now()
			got, err := askHelper(t.Context(), "cloudfleet", credentialhelper.Host, test.limit)
			if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got %v, error %v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Errorf("what it printed is shown: %s", err)
			}
			if took := time.Since(start); took > patience {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestAskHelperInAnInterruptedRun(t *testing.T) {
	credentialhelper.Install(t, "exec sleep 60")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := askHelper(
		ctx,
		"cloudfleet",
		credentialhelper.Host,
		time.Minute,
	); err != context.Canceled { //nolint:errorlint // neither more nor less
		t.Error(err)
	}
}
