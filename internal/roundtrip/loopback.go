package roundtrip

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// IsLoopback reports whether host is a name of this machine: localhost, a name below it
// (RFC 6761), or a loopback address.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	host = strings.ToLower(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// LoopbackOnly restricts a transport to this machine, so that unencrypted requests do not
// leave it, not even through a proxy. It connects every name to localhost, whether it
// resolves or not.
func LoopbackOnly(t *http.Transport) {
	t.Proxy = nil
	t.DialContext = dialLoopback
}

func dialLoopback(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if net.ParseIP(host) == nil {
		host = "localhost"
	}
	dialer := net.Dialer{Control: func(_, resolved string, _ syscall.RawConn) error {
		ip, _, err := net.SplitHostPort(resolved)
		if err == nil && !net.ParseIP(ip).IsLoopback() {
			err = errors.New(ip + " is not this machine, and without TLS no other is called")
		}
		return err
	}}
	return dialer.DialContext(ctx, network, net.JoinHostPort(host, port))
}
