package registry

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	catalogPath = "/v2/_catalog"
	// maxPageSize is the maximum number of names on a page.
	maxPageSize = 100
)

func isList(path string) bool { return path == catalogPath || strings.HasSuffix(path, "/tags/list") }

// paged serves a list of names sorted and in pages, with a Link to the next one. The
// registry behind it does not.
func paged(all http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		size := maxPageSize
		if text := query.Get("n"); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				writeError(w, http.StatusBadRequest, "PAGINATION_NUMBER_INVALID", "n must be a whole number from 1 on.")
				return
			}
			size = min(n, maxPageSize)
		}
		r.URL.RawQuery = ""
		whole := httptest.NewRecorder()
		all.ServeHTTP(whole, r)
		var list struct {
			Name  string   `json:"name,omitempty"`
			Tags  []string `json:"tags,omitempty"`
			Names []string `json:"repositories,omitempty"`
		}
		if whole.Code != http.StatusOK || json.Unmarshal(whole.Body.Bytes(), &list) != nil {
			w.WriteHeader(whole.Code)
			_, _ = w.Write(whole.Body.Bytes())
			return
		}
		names := &list.Tags
		if r.URL.Path == catalogPath {
			names = &list.Names
		}
		*names = page(*names, query.Get("last"), size+1)
		if len(*names) > size {
			*names = (*names)[:size]
			next := url.Values{"n": {strconv.Itoa(size)}, "last": {(*names)[size-1]}}
			w.Header().Set("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, r.URL.Path, next.Encode()))
		}
		writeJSON(w, http.StatusOK, list)
	})
}

// page returns at most size names, sorted, after last.
func page(names []string, last string, size int) []string {
	slices.Sort(names)
	start, found := slices.BinarySearch(names, last)
	if found {
		start++
	}
	return names[start:min(start+size, len(names))]
}
