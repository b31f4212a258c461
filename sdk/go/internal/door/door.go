// Package door is the way to one server.
package door

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// Timeout is how long an answer may take.
	Timeout = 30 * time.Second
	// More than any answer of the control plane; protects against a server that never stops talking.
	answerMaxBytes = 256 << 20
	backoffBase    = 100 * time.Millisecond
	backoffCap     = 10 * time.Second
	// The longest pause that a server's Retry-After can ask for.
	retryAfterMax = time.Minute
)

// Backoff is how long to wait before the next try: full jitter below a ceiling that doubles, and not before what the server asked
// for. Jitter keeps a thousand services from returning in the same moment.
func Backoff(failures int, retryAfter time.Duration) time.Duration {
	ceiling := min(backoffCap, backoffBase<<min(failures, 16))
	return min(retryAfter, retryAfterMax) + rand.N(ceiling)
}

// Door is the way to one server: kept connections, a token, bounded answers, and errors that say what to do.
type Door struct {
	Server string
	token  string
	client *http.Client
	mutex  sync.Mutex
	conn   net.Conn
}

// Answer is an answer that was read whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// New makes a door with so many connections at once; 0 sets no limit.
func New(server, token string, connections int) (*Door, error) {
	base, err := readServer(server)
	if err != nil {
		return nil, err
	}
	d := &Door{Server: base, token: token}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	d.client = &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			MaxConnsPerHost:     connections,
			MaxIdleConnsPerHost: connections,
			// Nothing is decompressed: a small answer cannot become a large one.
			DisableCompression: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dialer.DialContext(ctx, network, address)
				if err == nil {
					d.mutex.Lock()
					d.conn = conn
					d.mutex.Unlock()
				}
				return conn, err
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return d, nil
}

func readServer(server string) (string, error) {
	at, err := url.Parse(server)
	if err != nil || (at.Scheme != "http" && at.Scheme != "https") || at.Host == "" {
		return "", fmt.Errorf("%q is not the address of a server: write for example http://127.0.0.1:8484", server)
	}
	return strings.TrimRight(server, "/"), nil
}

// Ask asks, and reads the whole answer. The error is a *ServerUnreachable when there is none.
func (d *Door) Ask(ctx context.Context, method, path, kind string, body []byte, header map[string]string, timeout time.Duration) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	response, err := d.Open(ctx, method, path, kind, body, header)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, answerMaxBytes+1))
	if err == nil && len(text) > answerMaxBytes {
		err = fmt.Errorf("its answer is larger than %d bytes", answerMaxBytes)
	}
	if err != nil {
		return nil, &ServerUnreachable{Server: d.Server, Cause: err}
	}
	return &Answer{response.StatusCode, response.Header, text}, nil
}

// Open asks, and returns the answer as soon as its headers are there.
func (d *Door) Open(ctx context.Context, method, path, kind string, body []byte, header map[string]string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, d.Server+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	request.Header.Set("User-Agent", "slipway-sdk-go")
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	if d.token != "" {
		request.Header.Set("Authorization", "Bearer "+d.token)
	}
	response, err := d.client.Do(request)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return nil, &ServerUnreachable{Server: d.Server, Cause: err}
	}
	return response, nil
}

// Leave ends our half of the connection; the answer that may be on its way is still read. The server gives up what it holds for us
// unless it has answered already, so that nothing falls between the two. Only for a door with one connection.
func (d *Door) Leave() {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if half, ok := d.conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

// Close breaks the connections that are idle.
func (d *Door) Close() { d.client.CloseIdleConnections() }

// ProblemOf reads the refusal in an answer. A proxy on the way answers without a problem document: then the status has to do.
func ProblemOf(answer *Answer, request string) *SlipwayProblem {
	problem := Problem{}
	if json.Unmarshal(answer.Body, &problem) == nil && problem.Code != "" && problem.Title != "" {
		problem.Status = answer.Status
	} else {
		detail := strings.TrimSpace(string(answer.Body[:min(len(answer.Body), 200)]))
		if detail == "" {
			detail = fmt.Sprintf("the server answered %d and nothing more", answer.Status)
		}
		code := fmt.Sprintf("http-%d", answer.Status)
		problem = Problem{Type: "about:blank", Title: "No problem document", Status: answer.Status, Detail: detail, Code: code}
	}
	if problem.RetryAfterMs == 0 {
		problem.RetryAfterMs = float64(retryAfterOf(answer.Header.Get("Retry-After")).Milliseconds())
	}
	return &SlipwayProblem{Problem: problem, Request: request}
}

// RetryAfter is what the server asked for.
func (p *SlipwayProblem) RetryAfter() time.Duration {
	return time.Duration(min(p.RetryAfterMs, 1e9)) * time.Millisecond
}

// IsTransient says whether another try can change a refusal.
func (p *SlipwayProblem) IsTransient() bool {
	switch p.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return p.Status >= 500
}

// IsOfProxy says that there was no problem document: a proxy on the way refused.
func (p *SlipwayProblem) IsOfProxy() bool { return strings.HasPrefix(p.Code, "http-") }

// retryAfterOf reads seconds or a date; 0 when it is absent or not readable.
func retryAfterOf(header string) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil && seconds >= 0 && seconds < 1e6 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// Sleep waits, or returns false when the context ends first.
func Sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
