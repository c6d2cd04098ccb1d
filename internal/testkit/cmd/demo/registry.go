package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/memory"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/testimage"
)

const repository = "shop/checkout"

// action is an operation on an image in a registry.
type action func(ctx context.Context, at *remote.Repository, tag string) error

func push(ctx context.Context, at *remote.Repository, tag string) error {
	_, err := testimage.Write(ctx, at, tag, "linux/amd64", "linux/arm64")
	return err
}

func pull(ctx context.Context, at *remote.Repository, tag string) error {
	_, err := oras.Copy(ctx, at, tag, memory.New(), tag, oras.DefaultCopyOptions)
	return err
}

// expectImage checks how the registry answers an action. 200 means success.
func (s *stage) expectImage(ctx context.Context, who string, l login, hostname, verb, tag string, status int) error {
	at, err := testimage.Repository(strings.TrimSuffix(s.endpoint, "/v1"), hostname, repository, l.Username, l.Password)
	if err != nil {
		return err
	}
	got := http.StatusOK
	if err := map[string]action{"push": push, "pull": pull}[verb](ctx, at, tag); err != nil {
		refused, ok := errors.AsType[*errcode.ErrorResponse](err)
		if !ok {
			return err
		}
		got = refused.StatusCode
	}
	if got != status {
		return fmt.Errorf("%s: %s %s:%s was answered with %d, not with %d", who, verb, repository, tag, got, status)
	}
	say("  %-10s %s %-16s %d %s", who, verb, repository+":"+tag, status, http.StatusText(status))
	return nil
}
