package slipway

import (
	"errors"
	"time"

	"slipway.dev/sdk/internal/door"
)

// Result is what a task found. It decides what comes next.
type Result string

// Status is how the work went technically.
type Status string

// The words of the protocol.
const (
	Pass    Result = "pass"
	Warning Result = "warning"
	Fail    Result = "fail"

	Succeeded Status = "succeeded"
	Errored   Status = "errored"
	Aborted   Status = "aborted"
	Unknown   Status = "unknown"
)

// TerminalError is returned by a handler when no repeat can help: the attempt ends errored, and no retry follows.
type TerminalError struct {
	// Code is a stable word, such as NOT_FOUND, that `retry.when` in a shipyard can ask for. Default: TERMINAL.
	Code    string
	Message string
	Cause   error
}

// Terminal makes a TerminalError.
func Terminal(code, message string) error { return &TerminalError{Code: code, Message: message} }

func (e *TerminalError) Error() string { return withCause(e.Message, e.Cause) }

// Unwrap returns what brought it about.
func (e *TerminalError) Unwrap() error { return e.Cause }

// TaskErrored is returned by a handler that could not do its task and has an output all the same.
type TaskErrored struct {
	Message string
	Output  any
	// Result defaults to Fail.
	Result Result
	// Code defaults to ERROR.
	Code string
	// Final says that no repeat can help. Otherwise the shipyard decides.
	Final bool
	// Labels replace those of the trigger, for this answer and for the tasks after it.
	Labels map[string]string
	Cause  error
}

func (e *TaskErrored) Error() string { return withCause(e.Message, e.Cause) }

// Unwrap returns what brought it about.
func (e *TaskErrored) Unwrap() error { return e.Cause }

// RetryAfter is returned by a handler: try again, but not before After from now. The shipyard decides whether there is a next
// attempt.
type RetryAfter struct {
	After   time.Duration
	Message string
	// Code defaults to RETRY_AFTER.
	Code  string
	Cause error
}

func (e *RetryAfter) Error() string { return withCause(e.Message, e.Cause) }

// Unwrap returns what brought it about.
func (e *RetryAfter) Unwrap() error { return e.Cause }

var (
	// ErrAttemptCancelled is the cause of a context whose answer is no longer wanted: cancelled, timed out, or given to another
	// service. See context.Cause.
	ErrAttemptCancelled = errors.New("the attempt is no longer wanted")
	// ErrServiceEnding is the cause of a context when the service ends and the time for its running handlers is over.
	ErrServiceEnding = errors.New("the service ends")
)

type (
	// Problem is the body of a refusal (RFC 9457).
	Problem = door.Problem
	// ProblemPlace is one place that was wrong.
	ProblemPlace = door.ProblemPlace
	// SlipwayProblem says that the server refused a request, and why. Decide by Code.
	SlipwayProblem = door.SlipwayProblem
	// ServerUnreachable says that there was no answer: the server is not there, the connection broke, or the time was over.
	ServerUnreachable = door.ServerUnreachable
)

func withCause(message string, cause error) string {
	if cause == nil {
		return message
	}
	return message + ": " + cause.Error()
}
