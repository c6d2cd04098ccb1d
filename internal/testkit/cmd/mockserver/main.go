// Command mockserver is a local stand-in for Cloudfleet, to try the provider without an
// account. It prints the environment variables for it:
//
//	go run ./internal/testkit/cmd/mockserver
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on; port 0 takes a free one")
	latency := flag.Duration("latency", 0, "how long each request waits before it is worked on, such as 50ms")
	rateLimit := flag.Int("rate-limit", 0, "requests a second above which the answer is 429; 0 is no limit")
	registryBearer := flag.Bool("registry-bearer", false, "let the registries challenge with a Bearer token service instead of with Basic")
	flag.Parse()

	options := mockserver.Options{Latency: *latency, RateLimit: *rateLimit, RegistryBearer: *registryBearer}
	if err := run(*listen, options); err != nil {
		fmt.Fprintln(os.Stderr, "mockserver:", err)
		os.Exit(1)
	}
}

func run(address string, o mockserver.Options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return err
	}
	api := mockserver.New(o)
	credentials := api.AddOrganization("Example")
	fmt.Printf("export CLOUDFLEET_ENDPOINT=http://%s/v1\n", listener.Addr())
	fmt.Printf("export CLOUDFLEET_REGISTRY_DOMAIN=localhost:%s\n", port)
	fmt.Printf("export CLOUDFLEET_ORGANIZATION_ID=%s\n", credentials.OrganizationID)
	fmt.Printf("export CLOUDFLEET_ACCESS_TOKEN_ID=%s\n", credentials.TokenID)
	fmt.Printf("export CLOUDFLEET_ACCESS_TOKEN_SECRET=%s\n", credentials.TokenSecret)
	fmt.Fprintln(os.Stderr, "mockserver: serving until interrupted; everything is forgotten then")

	server := &http.Server{Handler: api, ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	select {
	case err := <-stopped:
		return err
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return server.Shutdown(grace)
	}
}
