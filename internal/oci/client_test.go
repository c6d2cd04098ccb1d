package oci_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/testimage"
)

func TestListsOfManyPages(t *testing.T) {
	for _, bearer := range []bool{false, true} {
		host, url := serve(t, mock(bearer))
		var want []string
		for i := range 101 {
			want = append(want, fmt.Sprintf("r%03d", i))
			if _, err := testimage.Write(t.Context(), repository(t, url, host, want[i]), "v1", "linux/amd64"); err != nil {
				t.Fatal(err)
			}
		}
		c := client(t, options(host))
		got, err := c.Repositories(t.Context())
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("bearer %t: got %v, %v", bearer, got, err)
		}
		tags, err := c.Tags(t.Context(), "r000")
		if err != nil || !slices.Equal(tags, []string{"v1"}) {
			t.Errorf("bearer %t: got %v, %v", bearer, tags, err)
		}
	}
}

func TestListIsSorted(t *testing.T) {
	host, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"repositories":["b","a"]}`)
	}))
	got, err := client(t, options(host)).Repositories(t.Context())
	if err != nil || !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// A list that links to itself ends at the page without new names, and an endless one at a
// limit.
func TestListWithoutEnd(t *testing.T) {
	t.Parallel()
	for name, endless := range map[string]bool{"leads to itself": false, "endless": true} {
		requests := 0
		host, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			name := "a"
			if requests++; endless {
				name = fmt.Sprintf("a%d", requests)
			}
			w.Header().Set("Link", `<`+r.URL.Path+`?last=`+name+`>; rel="next"`)
			fmt.Fprintf(w, `{"repositories":[%q],"tags":[%[1]q]}`, name)
		}))
		c := client(t, options(host))
		for kind, list := range map[string]func() ([]string, error){
			"repositories": func() ([]string, error) { return c.Repositories(t.Context()) },
			"tags":         func() ([]string, error) { return c.Tags(t.Context(), "a") },
		} {
			requests = 0
			names, err := list()
			if endless && (err == nil || !strings.Contains(err.Error(), "1000 pages")) {
				t.Errorf("%s, %s: %v", name, kind, err)
			}
			if !endless && (err != nil || !slices.Equal(names, []string{"a"}) || requests != 2) {
				t.Errorf("%s, %s: %v, %v after %d requests", name, kind, names, err, requests)
			}
		}
	}
}

// Only the link to the next page is followed, and overlapping pages name each once.
func TestLinksAndOverlappingPages(t *testing.T) {
	t.Parallel()
	host, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("last") {
		case "":
			w.Header().Set("Link", `</v2/_catalog?last=wrong>; rel="first", </v2/_catalog?last=b>; rel="next"`)
			_, _ = io.WriteString(w, `{"repositories":["a","b"]}`)
		case "b":
			_, _ = io.WriteString(w, `{"repositories":["b","c"]}`)
		default:
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	names, err := client(t, options(host)).Repositories(t.Context())
	if err != nil || !slices.Equal(names, []string{"a", "b", "c"}) {
		t.Errorf("got %v, %v", names, err)
	}
}

// Failures of a registry after a login.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"an error of its own": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"errors":[{"code":"DENIED","message":"not for you"}]}`)
		}, "GET /v2/_catalog: 403 Forbidden (DENIED): not for you"},
		"no status of success": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusMultipleChoices)
		}, "300 Multiple Choices"},
		"a page of HTML": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, `<html>secret plans</html>`)
		}, "GET /v2/_catalog: 502 Bad Gateway"},
		"too much": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(bytes.Repeat([]byte(" "), 4<<20+1))
		}, "more than 4 MiB"},
		"too late": {func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}, "no whole answer within the request timeout of 100ms"},
		"half of an answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"repos`)
		}, "broke off"},
		"no JSON": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `hello`)
		}, "failed to decode"},
		"a secret in a URL": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/blob?signature=hidden", http.StatusTemporaryRedirect)
		}, "192.0.2.1 is not this machine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host, _ := serve(t, test.answer)
			o := options(host)
			if name == "too late" {
				o.RequestTimeout = 100 * time.Millisecond
			}
			_, err := client(t, o).Repositories(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hidden") ||
				strings.Contains(err.Error(), "plans") {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestRetries(t *testing.T) {
	var calls atomic.Int32
	host, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, `{"repositories":[]}`)
	}))
	o := options(host)
	if _, err := client(t, o).Repositories(t.Context()); err == nil || calls.Load() != 1 {
		t.Errorf("no retries: %v after %d calls", err, calls.Load())
	}
	calls.Store(0)
	o.MaxRetries = 2
	if _, err := client(t, o).Repositories(t.Context()); err != nil || calls.Load() != 3 {
		t.Errorf("two retries: %v after %d calls", err, calls.Load())
	}
}

// Other servers that the registry refers to get no credentials. Failures on the way are
// retried.
func TestLateAndLostAnswersAreTriedAgain(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]http.HandlerFunc{
		"late": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"lost": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			host, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if calls.Add(1) == 1 {
					fails(w, r)
				}
				_, _ = io.WriteString(w, `{"repositories":[]}`)
			}))
			o := options(host)
			o.MaxRetries, o.RequestTimeout = 1, time.Second
			if _, err := client(t, o).Repositories(t.Context()); err != nil || calls.Load() != 2 {
				t.Errorf("%v after %d calls", err, calls.Load())
			}
		})
	}
}

func TestCredentialsStayAtHome(t *testing.T) {
	var asked, told atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Authorization") != "" {
			told.Add(1)
		}
	}))
	t.Cleanup(elsewhere.Close)
	for name, answer := range map[string]http.HandlerFunc{
		"token service": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+elsewhere.URL+`/token",service="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "" {
				w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			host, _ := serve(t, answer)
			_, err := client(t, options(host)).Repositories(t.Context())
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("got %v", err)
			}
			if name == "token service" && !strings.Contains(err.Error(), "outside of localhost:") {
				t.Errorf("got %v", err)
			}
		})
	}
	if asked.Load() != 1 || told.Load() != 0 {
		t.Errorf("asked %d times, told %d times", asked.Load(), told.Load())
	}
}

func TestLogIsWithoutSecrets(t *testing.T) {
	host, _ := serve(t, mock(true))
	var log strings.Builder
	o := options(host)
	o.Log = func(_ context.Context, message string, fields ...map[string]any) { fmt.Fprintln(&log, message, fields) }
	if _, err := client(t, o).Repositories(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := log.String(); strings.Count(got, "asked the registry") != 3 || strings.Contains(got, secret) || strings.Contains(got, "?") {
		t.Errorf("it logs %s", got)
	}
}

func TestWrongCredentials(t *testing.T) {
	for _, bearer := range []bool{false, true} {
		host, _ := serve(t, mock(bearer))
		o := options(host)
		o.Password = "cf_secret_other"
		_, err := client(t, o).Repositories(t.Context())
		if err == nil || !strings.Contains(err.Error(), "401 Unauthorized (UNAUTHORIZED)") {
			t.Errorf("bearer %t: got %v", bearer, err)
		}
	}
}

func TestNoHost(t *testing.T) {
	if _, err := oci.New(oci.Options{Host: "https://registry.cloudfleet.dev"}); err == nil {
		t.Error("a URL is taken for a host name")
	}
}
