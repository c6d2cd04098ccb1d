package registry

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"sync"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// strict makes go-containerregistry's registry as strict as CNCF Distribution: a blob
// belongs to the repositories that it was uploaded to or mounted in, and a manifest needs
// the blobs that it lists.
type strict struct {
	next http.Handler

	mu sync.Mutex
	// blobs are REPOSITORY@DIGEST.
	blobs map[string]bool
}

var contentPath = regexp.MustCompile(`^/v2/(.+)/(blobs|manifests)/(.*)$`)

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
	match := contentPath.FindStringSubmatch(r.URL.Path)
	if match == nil {
		s.next.ServeHTTP(w, r)
		return
	}
	repository, isBlob, reference := match[1], match[2] == "blobs", match[3]
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
	case r.Method == http.MethodPut:
		if missing := s.missing(repository, r); missing != "" {
			writeError(w, http.StatusBadRequest, "MANIFEST_BLOB_UNKNOWN", "The blob "+missing+" is not known to the registry.")
			return
		}
	}
	s.next.ServeHTTP(w, r)
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
