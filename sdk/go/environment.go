package slipway

import (
	"fmt"
	"net"
	"os"
	"strconv"
)

// FromEnvironment has the options that a process is told by its environment: SLIPWAY_CONNECT (claim, nats, push), SLIPWAY_SERVER,
// SLIPWAY_TOKEN, SLIPWAY_NAME, SLIPWAY_SOURCE, SLIPWAY_CONCURRENCY; for NATS SLIPWAY_NATS, SLIPWAY_NATS_CREDS, SLIPWAY_NATS_CA and
// SLIPWAY_NATS_INBOX; for push SLIPWAY_PUSH_LISTEN and SLIPWAY_PUSH_URL.
func FromEnvironment() (Options, error) { return optionsFrom(os.Getenv) }

func optionsFrom(env func(string) string) (Options, error) {
	o := Options{
		Connect: Connect(env("SLIPWAY_CONNECT")), Server: env("SLIPWAY_SERVER"), Token: env("SLIPWAY_TOKEN"),
		Name: env("SLIPWAY_NAME"), Source: env("SLIPWAY_SOURCE"),
		Nats: NatsOptions{
			Servers: env("SLIPWAY_NATS"), CredentialsFile: env("SLIPWAY_NATS_CREDS"), CAFile: env("SLIPWAY_NATS_CA"),
			InboxPrefix: env("SLIPWAY_NATS_INBOX"),
		},
		Push: PushOptions{Listen: env("SLIPWAY_PUSH_LISTEN"), URL: env("SLIPWAY_PUSH_URL")},
	}
	switch o.Connect {
	case Claim, Nats, Push:
	case "":
		// A NATS server without a way to connect means NATS.
		if o.Nats.Servers != "" {
			o.Connect = Nats
		}
	default:
		return o, fmt.Errorf("SLIPWAY_CONNECT is %q: write claim, nats or push", o.Connect)
	}
	if listen := o.Push.Listen; listen != "" {
		_, port, err := net.SplitHostPort(listen)
		if number, wrong := strconv.Atoi(port); err != nil || wrong != nil || number < 0 || number > 65_535 {
			return o, fmt.Errorf("SLIPWAY_PUSH_LISTEN is %q: write HOST:PORT, such as 0.0.0.0:8080", listen)
		}
	}
	if text := env("SLIPWAY_CONCURRENCY"); text != "" {
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 {
			return o, fmt.Errorf("SLIPWAY_CONCURRENCY is %q: write a number", text)
		}
		o.Concurrency = number
	}
	return o, nil
}
