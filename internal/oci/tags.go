package oci

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// Tag sets tags of an existing image.
func (c *Client) Tag(ctx context.Context, repository, digested string, tags []string) error {
	r, err := c.registry.Repository(ctx, repository)
	if err != nil {
		return err
	}
	found, err := c.resolve(ctx, repository, digested)
	if err != nil {
		return err
	}
	return tagAll(ctx, r, found, tags)
}

func tagAll(ctx context.Context, in content.Tagger, image ocispec.Descriptor, tags []string) error {
	for _, tag := range tags {
		if err := in.Tag(ctx, image, tag); err != nil {
			return redactError(err)
		}
	}
	return nil
}

// standsFor reports whether a tag refers to this image. A missing tag does not.
func (c *Client) standsFor(ctx context.Context, repository, tag, digested string) (bool, error) {
	is, err := c.Resolve(ctx, repository, tag)
	if errors.Is(err, ErrNoTag) {
		return false, nil
	}
	return err == nil && is == digested, err
}

// Untag deletes a tag if it still refers to this image. A missing tag is no error, and
// neither is a registry that does not delete tags.
func (c *Client) Untag(ctx context.Context, repository, digested, tag string) error {
	if is, err := c.standsFor(ctx, repository, tag, digested); err != nil || !is {
		return err
	}
	err := ignoreNotFound(c.deleteManifest(ctx, repository, tag))
	if e, ok := errors.AsType[*Error](err); ok && (e.StatusCode == http.StatusMethodNotAllowed || e.StatusCode == http.StatusBadRequest) {
		return nil
	}
	return err
}

// Delete deletes those tags that still refer to an image, and then the image unless
// another tag refers to it. It returns that tag, or an empty text. What is gone already
// is no error.
func (c *Client) Delete(ctx context.Context, repository, digested string, tags []string) (keptFor string, err error) {
	for _, tag := range tags {
		if err := c.Untag(ctx, repository, digested, tag); err != nil {
			return "", err
		}
	}
	others, err := c.Tags(ctx, repository)
	if err != nil && !IsNotFound(err) {
		return "", err
	}
	for _, tag := range others {
		is, err := c.standsFor(ctx, repository, tag, digested)
		if err != nil {
			return "", err
		}
		if is {
			return tag, nil
		}
	}
	return "", ignoreNotFound(c.deleteManifest(ctx, repository, digested))
}

func ignoreNotFound(err error) error {
	if IsNotFound(err) {
		return nil
	}
	return err
}

// deleteManifest deletes what a tag or digest refers to. Any 2xx is success.
func (c *Client) deleteManifest(ctx context.Context, repository, reference string) error {
	at := c.registry.Reference
	at.Repository = repository
	ctx = auth.AppendRepositoryScope(ctx, at, auth.ActionPull, auth.ActionDelete)
	scheme := "https"
	if c.registry.PlainHTTP {
		scheme = "http"
	}
	to := url.URL{Scheme: scheme, Host: at.Host(), Path: "/v2/" + repository + "/manifests/" + reference}
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, to.String(), nil)
	if err != nil {
		return err
	}
	resp, err := c.registry.Client.Do(req)
	if err != nil {
		return redactError(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 == 2 {
		return nil
	}
	var body struct{ Errors errcode.Errors }
	_ = json.NewDecoder(resp.Body).Decode(&body) // any other body is ignored
	return redactError(&errcode.ErrorResponse{
		Method: req.Method, URL: req.URL, StatusCode: resp.StatusCode, Errors: body.Errors,
	})
}
