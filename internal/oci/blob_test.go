package oci

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// The last bytes of other content are held back, also if its end is not known yet.
func TestLastBytesAreHeldBack(t *testing.T) {
	t.Parallel()
	want := ocispec.Descriptor{Digest: digest.FromString("abc"), Size: 3}
	v := &verified{body: io.NopCloser(strings.NewReader("abd")), client: &Client{}, want: want, hash: want.Digest.Algorithm().Hash()}
	if n, err := v.Read(make([]byte, 3)); n != 0 || err == nil || v.failure() == nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// An error keeps the registry that it names.
func TestErrorsAreWrappedOnce(t *testing.T) {
	t.Parallel()
	for _, err := range []error{SourceError{errors.New("x")}, &Error{Host: "other"}, UnansweredError{"other", errors.New("x")}} {
		if got := (&Client{Host: "this"}).unanswered(err); fmt.Sprintf("%T", got) != fmt.Sprintf("%T", err) {
			t.Errorf("%T became %T", err, got)
		}
	}
}
