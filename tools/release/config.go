package main

import (
	"errors"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// releaseConfig is the content of .goreleaser.yml, with the targets of its build
// separate.
type releaseConfig struct {
	all     map[string]any
	targets []string
}

func readConfig() (releaseConfig, error) {
	content, err := os.ReadFile(filepath.Join(root, ".goreleaser.yml"))
	if err != nil {
		return releaseConfig{}, err
	}
	var typed struct {
		Builds []struct{ Targets []string }
	}
	var c releaseConfig
	if err := errors.Join(yaml.Unmarshal(content, &c.all), yaml.Unmarshal(content, &typed)); err != nil {
		return c, err
	}
	if len(typed.Builds) != 1 || len(typed.Builds[0].Targets) == 0 {
		return c, errors.New(".goreleaser.yml has not one build with targets")
	}
	c.targets = typed.Builds[0].Targets
	return c, nil
}

// with returns the configuration for these targets only.
func (c releaseConfig) with(targets []string) ([]byte, error) {
	build, ok := c.all["builds"].([]any)[0].(map[string]any)
	if !ok {
		return nil, errors.New("the build in .goreleaser.yml is no mapping")
	}
	build["targets"] = targets
	return yaml.Marshal(c.all)
}
