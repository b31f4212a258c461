package door

import "fmt"

// Problem is the body of a refusal (RFC 9457).
type Problem struct {
	Type         string         `json:"type"`
	Title        string         `json:"title"`
	Status       int            `json:"status"`
	Detail       string         `json:"detail"`
	Code         string         `json:"code"`
	RetryAfterMs float64        `json:"retryAfterMs,omitempty"`
	Errors       []ProblemPlace `json:"errors,omitempty"`
}

// ProblemPlace is one place that was wrong.
type ProblemPlace struct {
	Code    string `json:"code,omitempty"`
	Detail  string `json:"detail,omitempty"`
	Pointer string `json:"pointer,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Nearest string `json:"nearest,omitempty"`
}

// SlipwayProblem says that the server refused a request, and why. Decide by Problem.Code.
type SlipwayProblem struct {
	Problem
	Request string
}

func (e *SlipwayProblem) Error() string {
	return fmt.Sprintf("%s: %d %s: %s", e.Request, e.Status, e.Code, e.Detail)
}

// ServerUnreachable says that there was no answer: the server is not there, the connection broke, or the time was over.
type ServerUnreachable struct {
	Server string
	Cause  error
}

func (e *ServerUnreachable) Error() string {
	return fmt.Sprintf("no answer from %s (%v): is the control plane running there? `slipway serve` starts one", e.Server, e.Cause)
}

// Unwrap returns what broke.
func (e *ServerUnreachable) Unwrap() error { return e.Cause }
