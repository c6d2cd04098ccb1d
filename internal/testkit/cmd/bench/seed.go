package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

// seed creates the tokens of a scenario and a state with them, without the minutes that
// an apply takes: it applies one token and copies it.
func (w *world) seed(ctx context.Context) error {
	if _, err := w.folder.Run(ctx, operations[0].arguments(1)...); err != nil {
		return err
	}
	made := []cloudfleet.Token{}
	if w.subject == subjectProvider {
		tokens, err := w.cloud.create(ctx, w.tokens-1)
		if err != nil {
			return err
		}
		made = tokens
	} else {
		for i := 1; i < w.tokens; i++ {
			made = append(made, cloudfleet.Token{ID: fmt.Sprintf("id-%d", i)})
		}
	}
	path := filepath.Join(w.folder.Dir, "terraform.tfstate")
	state, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if state, err = multiply(state, made); err != nil {
		return err
	}
	return os.WriteFile(path, state, 0o600)
}

// create creates n tokens, with the names of those after the first of a configuration.
func (c *cloud) create(ctx context.Context, n int) ([]cloudfleet.Token, error) {
	client, err := cloudfleet.New(cloudfleet.Options{Endpoint: c.endpoint, AccessTokenID: c.TokenID, AccessTokenSecret: c.TokenSecret})
	if err != nil {
		return nil, err
	}
	var tokens []cloudfleet.Token
	for i := range n {
		t, _, err := client.CreateToken(ctx, cloudfleet.TokenSettings{Name: fmt.Sprintf("pipeline-%d", i+1), Role: cloudfleet.RoleUser})
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
	}
	return tokens, nil
}

// multiply copies the only instance in a state for each token. A copy differs in its
// index, ID, name and creation time.
func multiply(state []byte, tokens []cloudfleet.Token) ([]byte, error) {
	var whole map[string]any
	if err := json.Unmarshal(state, &whole); err != nil {
		return nil, err
	}
	resources, _ := whole["resources"].([]any)
	if len(resources) != 1 {
		return nil, errors.New("the state does not have a single resource")
	}
	resource, _ := resources[0].(map[string]any)
	instances, _ := resource["instances"].([]any)
	if len(instances) != 1 {
		return nil, errors.New("the state does not have a single instance")
	}
	first, err := json.Marshal(instances[0])
	if err != nil {
		return nil, err
	}
	var known struct {
		Attributes struct {
			ID        string `json:"id"`
			CreatedAt string `json:"created_at"`
		} `json:"attributes"`
	}
	if err := json.Unmarshal(first, &known); err != nil {
		return nil, err
	}
	for i, t := range tokens {
		pairs := []string{
			`"index_key":0`, fmt.Sprintf(`"index_key":%d`, i+1),
			`"pipeline-0"`, fmt.Sprintf(`"pipeline-%d"`, i+1),
			fmt.Sprintf("%q", known.Attributes.ID), fmt.Sprintf("%q", t.ID),
		}
		if known.Attributes.CreatedAt != "" {
			pairs = append(pairs, known.Attributes.CreatedAt, t.CreatedAt.UTC().Format(time.RFC3339))
		}
		instances = append(instances, json.RawMessage(strings.NewReplacer(pairs...).Replace(string(first))))
	}
	resource["instances"] = instances
	return json.Marshal(whole)
}
