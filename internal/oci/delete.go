package oci

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/opencontainers/go-digest"
)

// maxOtherTags is how many tags of a repository are looked at before an image is deleted.
const maxOtherTags = 500

// Tag sets tags of an existing image, and returns those that refer to it then.
func (c *Client) Tag(ctx context.Context, repository, digested string, tags []string) ([]string, error) {
	leave, err := c.repositories.enter(ctx, repository, false)
	if err != nil {
		return nil, err
	}
	defer leave()
	d, err := c.manifest(ctx, repository, digested, c.newBudget())
	if err != nil {
		return nil, err
	}
	return c.setTags(ctx, repository, d, tags)
}

// StandsFor reports whether a tag refers to this image. A missing tag does not. That it
// refers to another one counts only after a second look, at the content.
func (c *Client) StandsFor(ctx context.Context, repository, tag, digested string) (bool, error) {
	is, err := c.Resolve(ctx, repository, tag)
	if err == nil && is != digested {
		var d document
		d, err = c.manifest(ctx, repository, tag, c.newBudget())
		is = d.Digest.String()
	}
	if errors.Is(err, ErrNoTag) {
		return false, nil
	}
	return err == nil && is == digested, err
}

// Untag deletes a tag if it still refers to this image. A missing tag is no error.
func (c *Client) Untag(ctx context.Context, repository, digested, tag string) error {
	is, err := c.StandsFor(ctx, repository, tag, digested)
	if err != nil || !is {
		return err
	}
	deleted := c.deleteManifest(ctx, repository, tag)
	if IsNotFound(deleted) { // which counts only if it is gone
		if is, err = c.StandsFor(ctx, repository, tag, digested); err != nil || !is {
			return err
		}
	}
	return deleted
}

// Delete deletes those tags that still refer to an image, and then the image unless
// something else needs it: another tag, or an index below one. It returns why the image
// was kept, or an empty text. What is gone already is no error. left are the tags that
// could not be deleted.
//
// Some registries delete no tags. There, the image is deleted with all its tags, if
// nothing else needs it.
func (c *Client) Delete(ctx context.Context, repository, digested string, tags []string) (kept string, left []string, err error) {
	if len(tags) == 0 {
		return "it has no tag in the state, so that something else may use its digest", nil, nil
	}
	leave, err := c.repositories.enter(ctx, repository, true)
	if err != nil {
		return "", tags, err
	}
	defer leave()
	kept, err = c.neededFor(ctx, repository, digested, tags)
	if err != nil {
		return "", tags, err
	}
	var untagged error
	for _, tag := range tags {
		if err := c.Untag(ctx, repository, digested, tag); err != nil {
			untagged, left = err, append(left, tag)
		}
	}
	if kept != "" || untagged != nil && !deletesNoTags(untagged) {
		return kept, left, untagged
	}
	if err := c.deleteManifest(ctx, repository, digested); err != nil && !IsNotFound(err) {
		return "", left, err
	}
	for _, tag := range left {
		if is, err := c.StandsFor(ctx, repository, tag, digested); err != nil || is {
			return "", left, cmp.Or(err, untagged)
		}
	}
	return "", nil, nil
}

// deletesNoTags reports whether a registry does not support the deletion of tags. After a
// 404 the tag was looked at again, and is still there.
func deletesNoTags(err error) bool {
	return hasStatus(err, http.StatusMethodNotAllowed, http.StatusBadRequest, http.StatusNotImplemented, http.StatusNotFound)
}

// neededFor returns what needs an image beside these tags, or an empty text. If that
// cannot be known, it says so: then the image is kept.
func (c *Client) neededFor(ctx context.Context, repository, digested string, tags []string) (string, error) {
	all, err := c.Tags(ctx, repository)
	switch {
	case IsNotFound(err): // which counts only if the image is gone, too
		if _, lookup := c.resolve(ctx, repository, digested); errors.Is(lookup, ErrNoTag) {
			return "", nil
		}
		return "", err
	case hasStatus(err, http.StatusMethodNotAllowed, http.StatusForbidden, http.StatusNotImplemented):
		return "the registry does not list the tags that may need it", nil
	case err != nil:
		return "", err
	}
	others := slices.DeleteFunc(all, func(tag string) bool { return slices.Contains(tags, tag) })
	if len(others) > maxOtherTags {
		return fmt.Sprintf("the repository has %d other tags, which may need it", len(others)), nil
	}
	s := needSearch{client: c, repository: repository, want: digest.Digest(digested), seen: map[digest.Digest]bool{}}
	for _, tag := range others {
		found, err := c.resolve(ctx, repository, tag)
		if errors.Is(err, ErrNoTag) {
			continue
		}
		if err != nil {
			return "", err
		}
		needs, err := s.needs(ctx, found.Digest, found.MediaType, true)
		if errors.Is(err, ErrNoTag) {
			return "", ContentError{c.Host, fmt.Errorf("the tag %s, which may need the image, has no manifest", tag)}
		}
		if err != nil {
			return "", err
		}
		if needs {
			return "the tag " + tag + " needs it", nil
		}
	}
	return "", nil
}

// needSearch looks for an image in indexes.
type needSearch struct {
	client     *Client
	repository string
	want       digest.Digest
	seen       map[digest.Digest]bool
}

// needs reports whether a manifest is the image, or an index that lists it at any depth.
// isTagged: a tag refers to it.
func (s *needSearch) needs(ctx context.Context, d digest.Digest, mediaType string, isTagged bool) (bool, error) {
	if d == s.want {
		return true, nil
	}
	if mediaType != "" && !isIndex(mediaType) || s.seen[d] {
		return false, nil
	}
	s.seen[d] = true
	index, err := s.client.manifest(ctx, s.repository, d.String(), s.client.newBudget())
	if errors.Is(err, ErrNoTag) && !isTagged { // which counts only at the second look
		index, err = s.client.manifest(ctx, s.repository, d.String(), s.client.newBudget())
		if errors.Is(err, ErrNoTag) {
			return false, nil
		}
	}
	if err != nil {
		return false, err
	}
	for _, entry := range index.parsed.Manifests {
		if needs, err := s.needs(ctx, entry.Digest, entry.MediaType, false); err != nil || needs {
			return needs, err
		}
	}
	return false, nil
}

// deleteManifest deletes what a tag or digest refers to.
func (c *Client) deleteManifest(ctx context.Context, repository, reference string) error {
	resp, err := c.send(ctx, c.manifestCall(http.MethodDelete, repository, reference), c.newBudget())
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
