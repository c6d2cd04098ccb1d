package oci

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"oras.land/oras-go/v2/registry/remote/auth"
)

// Tag gives tags to an image that is there.
func (c *Client) Tag(ctx context.Context, repository, digested string, tags []string) error {
	r, err := c.registry.Repository(ctx, repository)
	if err != nil {
		return err
	}
	found, err := c.resolve(ctx, repository, digested)
	if err != nil {
		return err
	}
	for _, tag := range tags {
		if err := r.Tag(ctx, found, tag); err != nil {
			return redactError(err)
		}
	}
	return nil
}

// Untag deletes a tag as far as it still stands for this image. What is gone already is no
// error, nor is a registry that deletes no tags.
func (c *Client) Untag(ctx context.Context, repository, digested, tag string) error {
	is, err := c.Resolve(ctx, repository, tag)
	switch {
	case errors.Is(err, ErrNoTag), err == nil && is != digested:
		return nil
	case err != nil:
		return err
	}
	err = ignoreNotFound(c.deleteManifest(ctx, repository, tag))
	if e, ok := errors.AsType[*Error](err); ok && (e.StatusCode == http.StatusMethodNotAllowed || e.StatusCode == http.StatusBadRequest) {
		return nil
	}
	return err
}

// Delete deletes tags of an image, as far as they still stand for it, and then the image
// unless another tag does. It returns the tag that keeps it, or none. What is gone
// already is no error.
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
		if is, err := c.Resolve(ctx, repository, tag); err == nil && is == digested {
			return tag, nil
		} else if err != nil && !errors.Is(err, ErrNoTag) {
			return "", err
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

// deleteManifest deletes what a tag or digest names. Any 2xx is success.
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
	failed := &Error{Method: req.Method, Path: req.URL.Path, StatusCode: resp.StatusCode}
	var body struct {
		Errors []struct{ Code, Message string }
	}
	if json.NewDecoder(resp.Body).Decode(&body) == nil && len(body.Errors) > 0 {
		failed.Code, failed.Message = body.Errors[0].Code, body.Errors[0].Message
	}
	return failed
}
