package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// strict makes go-containerregistry's registry as strict as CNCF Distribution: a blob
// belongs to the repositories that it was uploaded to or mounted in, a manifest needs the
// blobs that it lists, and the tags of a manifest are deleted with it.
type strict struct {
	next http.Handler

	mu sync.Mutex
	// blobs are REPOSITORY@DIGEST.
	blobs map[string]bool
}

func (s *strict) has(repository, digest string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.blobs[repository+"@"+digest]
}

func (s *strict) add(repository, digest string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blobs[repository+"@"+digest] = true
}

func (s *strict) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	match := ofRepository.FindStringSubmatch(r.URL.Path)
	if match == nil {
		s.next.ServeHTTP(w, r)
		return
	}
	repository, isBlob, isManifest, reference := match[1], match[2] == "blobs", match[2] == "manifests", match[3]
	query := r.URL.Query()
	switch {
	case isBlob && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		if !s.has(repository, reference) {
			writeError(w, http.StatusNotFound, "BLOB_UNKNOWN", "The blob is not known to the registry.")
			return
		}
	case isBlob && s.has(query.Get("from"), query.Get("mount")):
		s.add(repository, query.Get("mount"))
		w.Header().Set("Location", "/v2/"+repository+"/blobs/"+query.Get("mount"))
		w.Header().Set("Docker-Content-Digest", query.Get("mount"))
		w.WriteHeader(http.StatusCreated)
		return
	case isBlob && query.Get("digest") != "":
		w = &noting{w, func() { s.add(repository, query.Get("digest")) }}
	case isManifest && r.Method == http.MethodPut:
		if missing := s.missing(repository, r); missing != "" {
			writeError(w, http.StatusBadRequest, "MANIFEST_BLOB_UNKNOWN", "The blob "+missing+" is not known to the registry.")
			return
		}
	}
	s.next.ServeHTTP(w, r)
	if isManifest && r.Method == http.MethodDelete && strings.Contains(reference, ":") {
		s.untag(r.Context(), repository, reference)
	}
}

// untag deletes the tags of a manifest.
func (s *strict) untag(ctx context.Context, repository, digest string) {
	call := func(method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		s.next.ServeHTTP(w, httptest.NewRequestWithContext(ctx, method, "/v2/"+repository+path, nil))
		return w
	}
	var list struct{ Tags []string }
	_ = json.Unmarshal(call(http.MethodGet, "/tags/list").Body.Bytes(), &list) // no repository: none
	for _, tag := range list.Tags {
		if call(http.MethodHead, "/manifests/"+tag).Header().Get("Docker-Content-Digest") == digest {
			call(http.MethodDelete, "/manifests/"+tag)
		}
	}
}

// missing returns the digest of a blob that a manifest lists and the repository does not
// have.
func (s *strict) missing(repository string, r *http.Request) string {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return "that did not arrive"
	}
	r.Body = io.NopCloser(bytes.NewReader(content))
	var manifest ocispec.Manifest
	_ = json.Unmarshal(content, &manifest) // the registry itself refuses what is none
	for _, blob := range append(manifest.Layers, manifest.Config) {
		if blob.Digest != "" && len(blob.URLs) == 0 && !s.has(repository, blob.Digest.String()) {
			return blob.Digest.String()
		}
	}
	return ""
}

// noting calls created when a request has created something.
type noting struct {
	http.ResponseWriter
	created func()
}

func (n *noting) WriteHeader(status int) {
	if status == http.StatusCreated {
		n.created()
	}
	n.ResponseWriter.WriteHeader(status)
}
