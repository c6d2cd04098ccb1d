package cfcr

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

const ours = "12345678-6651-4e5d-9c04-079f6532989b.europe.registry.cloudfleet.dev"

// What is wanted here was written by kubectl 1.37.2:
//
//	kubectl create secret docker-registry x --dry-run=client -o jsonpath='{.data.\.dockerconfigjson}' \
//	  --docker-server=… --docker-username=… --docker-password=… | base64 -d
func TestAuthsIsWhatKubectlWrites(t *testing.T) {
	for _, test := range []struct{ hostname, username, password, want string }{
		{
			ours, "2iKo4Asy51EUx2gpJFW76t", "cf_secret_x",
			`{"auths":{"` + ours + `":{"username":"2iKo4Asy51EUx2gpJFW76t","password":"cf_secret_x",` +
				`"auth":"MmlLbzRBc3k1MUVVeDJncEpGVzc2dDpjZl9zZWNyZXRfeA=="}}}`,
		},
		{
			"localhost:5000", "a<b>&", "p\"\\/<&>é\u2028:x",
			`{"auths":{"localhost:5000":{"username":"a\u003cb\u003e\u0026","password":"p\"\\/\u003c\u0026\u003eé\u2028:x",` +
				`"auth":"YTxiPiY6cCJcLzwmPsOp4oCoOng="}}}`,
		},
	} {
		if got, err := Auths(test.hostname, test.username, test.password); err != nil || got != test.want {
			t.Errorf("got  %s, %v\nwant %s", got, err, test.want)
		}
	}
}

func TestAuthsRefuses(t *testing.T) {
	for name, test := range map[string]struct{ hostname, username, password, want string }{
		"no host name":               {"", "hidden", "hidden", "host name is empty"},
		"no user name":               {ours, "", "hidden", "user name is empty"},
		"no password":                {ours, "hidden", "", "password is empty"},
		"colon in the user name":     {ours, "hid:den", "hidden", "cannot have a colon"},
		"NUL in the user name":       {ours, "hid\x00den", "hidden", "user name has a control character"},
		"password of other bytes":    {ours, "hidden", "hidden\xff", "password is not UTF-8"},
		"line break in the password": {ours, "hidden", "hidden\n", "password has a control character"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Auths(test.hostname, test.username, test.password)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %q, error %v, want %q", got, err, test.want)
			}
			if got != "" || strings.Contains(err.Error(), "hid") {
				t.Errorf("got %q, and the error shows what it must not: %s", got, err)
			}
		})
	}
}

// Docker and Kubernetes split auth at the first colon into user name and password.
func FuzzAuths(f *testing.F) {
	f.Add(ours, "2iKo4Asy51EUx2gpJFW76t", "cf_secret_x")
	f.Add("localhost:5000", "<&>", "a:b")
	f.Add("", "a:b", "\n")
	f.Add("\xeb", "\xb0", "\x80")
	f.Fuzz(func(t *testing.T, hostname, username, password string) {
		text, err := Auths(hostname, username, password)
		if err != nil {
			return
		}
		var config struct {
			Auths map[string]map[string]string `json:"auths"`
		}
		if err := json.Unmarshal([]byte(text), &config); err != nil {
			t.Fatalf("%s: %s", err, text)
		}
		entry := config.Auths[strings.ToLower(hostname)]
		if len(config.Auths) != 1 || len(entry) != 3 || entry["username"] != username || entry["password"] != password {
			t.Errorf("%q, %q at %q became %s", username, password, hostname, text)
		}
		auth, err := base64.StdEncoding.DecodeString(entry["auth"])
		if err != nil {
			t.Fatal(err)
		}
		if before, after, _ := strings.Cut(string(auth), ":"); before != username || after != password {
			t.Errorf("%q, %q: auth is %q", username, password, auth)
		}
	})
}

// Clients look a registry up by its host name in lower case.
func TestHostnamesAreInLowerCase(t *testing.T) {
	auths, err := Auths("Registry.Example:5000", "a", "b")
	if err != nil || !strings.Contains(auths, `"registry.example:5000"`) {
		t.Errorf("got %s, %v", auths, err)
	}
}
