package slipway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"
)

// Validator is a type that checks more than its fields' types say: an input whose Validate fails ends the attempt as errored with
// code INVALID_INPUT, an output with INVALID_OUTPUT.
type Validator interface{ Validate() error }

// Task is a task and what does it. Made by DefineTask.
type Task struct {
	name        string
	concurrency int
	// load makes the input from JSON; the error names the place.
	load func(input json.RawMessage) (any, error)
	run  func(ctx *TaskContext, input any) (any, error)
}

// Name is the task's name in the shipyard.
func (t *Task) Name() string { return t.name }

// Concurrency returns the task with a limit of its own for attempts that run at once in one process.
func (t *Task) Concurrency(limit int) *Task {
	with := *t
	with.concurrency = limit
	return &with
}

// DefineTask names a task as the shipyard does, and says what does it. Input that does not fit In ends the attempt as errored with
// code INVALID_INPUT, without a retry, and run is not called.
//
// What run returns is the output, and the result is pass; ctx.Outcome says warning or fail. An error ends the attempt as errored:
// any may be retried, a TerminalError may not, a RetryAfter says when. It panics when the name cannot name a task.
func DefineTask[In, Out any](name string, run func(ctx *TaskContext, input In) (Out, error)) *Task {
	if !taskName.MatchString(name) {
		panic(fmt.Sprintf("%q cannot name a task: up to 63 lower-case letters, digits and dashes, such as check-number", name))
	}
	return &Task{
		name: name,
		load: func(text json.RawMessage) (any, error) {
			var input In
			if err := json.Unmarshal(text, &input); err != nil {
				return nil, placeOf(err)
			}
			return input, validate(&input)
		},
		run: func(ctx *TaskContext, input any) (any, error) {
			return run(ctx, input.(In))
		},
	}
}

func validate(value any) error {
	if validator, ok := value.(Validator); ok {
		return validator.Validate()
	}
	return nil
}

// placeOf names the place: `name: expected string, received number`.
func placeOf(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		place := wrong.Field
		if place == "" {
			place = "(root)"
		}
		return fmt.Errorf("%s: expected %s, received %s", place, kindOf(wrong.Type.Kind().String()), wrong.Value)
	}
	return err
}

func kindOf(kind string) string {
	switch kind {
	case "struct", "map":
		return "object"
	case "slice":
		return "array"
	default:
		return kind
	}
}

// Outcome is what a task found, where a bare output would not say it.
type Outcome struct {
	// Result defaults to Pass. Warning goes on like Pass, Fail ends a linear sequence and needs no output.
	Result  Result
	Message string
	// Labels replace those of the trigger, for this answer and for the tasks after it.
	Labels map[string]string
}

// Progress is what a handler reported.
type Progress struct {
	// Fraction is 0 to 1, or negative when it was not said.
	Fraction float64
	Message  string
	Data     map[string]any
}

// TaskContext is what a handler knows of the attempt it works on. As a context it is cancelled when the answer is no longer wanted
// (context.Cause is ErrAttemptCancelled), or when the service ends first (ErrServiceEnding).
type TaskContext struct {
	context.Context
	trigger    *trigger
	cancel     context.CancelCauseFunc
	onProgress func(*TaskContext, Progress)
	log        *slog.Logger
	secrets    *secrets
	outcome    *Outcome
	beat       time.Duration
	// heardOf is when the control plane last heard of it; the worker's lock guards it.
	heardOf time.Time
}

func newTaskContext(parent context.Context, t *trigger, log *slog.Logger, beat time.Duration, onProgress func(*TaskContext, Progress)) *TaskContext {
	ctx, cancel := context.WithCancelCause(parent)
	masked := &secrets{}
	// Two of three signs of life may get lost before the shipyard's heartbeat is over.
	if t.heartbeat > 0 && t.heartbeat/3 < beat {
		beat = t.heartbeat / 3
	}
	own := &TaskContext{Context: ctx, trigger: t, cancel: cancel, onProgress: onProgress, secrets: masked, beat: beat, heardOf: time.Now()}
	own.log = slog.New(maskingHandler{log.Handler(), masked}).With("run", own.RunID(), "task", t.task, "attempt", own.Attempt())
	return own
}

// Event is the triggered event as it came.
func (c *TaskContext) Event() CloudEvent { return c.trigger.event }

// Data is all of its data: the trigger's, and the outputs of the tasks before this one under their names.
func (c *TaskContext) Data() map[string]any { return c.trigger.data }

// Project is the project of the run.
func (c *TaskContext) Project() string { return projectOf(c.trigger.data) }

// Stage is the stage of the run.
func (c *TaskContext) Stage() string { return textOf(c.trigger.data["stage"]) }

// Service is what is being worked on, in Keptn's sense.
func (c *TaskContext) Service() string { return textOf(c.trigger.data["service"]) }

// Labels are those of the trigger.
func (c *TaskContext) Labels() map[string]string {
	labels := map[string]string{}
	given, _ := c.trigger.data["labels"].(map[string]any)
	for name, value := range given {
		labels[name] = fmt.Sprint(value)
	}
	return labels
}

// RunID is the id of the run.
func (c *TaskContext) RunID() string { run, _ := c.trigger.place(); return run }

// Attempt counts from 1.
func (c *TaskContext) Attempt() int { _, attempt := c.trigger.place(); return attempt }

// AttemptID is the same for every delivery of this attempt: a key for what must not be done twice.
func (c *TaskContext) AttemptID() string { return c.trigger.id }

// CorrelationID is shared by every run that follows from one trigger.
func (c *TaskContext) CorrelationID() string { return c.trigger.correlationID }

// TraceHeaders are traceparent and tracestate of the trigger, to send along with requests.
func (c *TaskContext) TraceHeaders() map[string]string {
	headers := map[string]string{}
	for _, name := range []string{"traceparent", "tracestate"} {
		if text := textOf(c.trigger.event[name]); text != "" {
			headers[name] = text
		}
	}
	return headers
}

// Log adds run, task and attempt to each line, and masks secrets.
func (c *TaskContext) Log() *slog.Logger { return c.log }

// Secret masks this value from now on in logs, progress and messages; an output that has it is refused. It returns the value.
func (c *TaskContext) Secret(value string) string {
	c.secrets.add(value)
	return value
}

// Progress reports progress to people, and is a sign of life. Calls in quick succession are joined. A negative fraction says none.
func (c *TaskContext) Progress(fraction float64, message string) {
	c.ProgressData(fraction, message, nil)
}

// ProgressData is Progress with data of your own beside it.
func (c *TaskContext) ProgressData(fraction float64, message string, data map[string]any) {
	if math.IsNaN(fraction) {
		fraction = -1
	}
	var masked map[string]any
	if data != nil {
		masked, _ = c.secrets.value(data).(map[string]any)
	}
	c.onProgress(c, Progress{Fraction: math.Min(fraction, 1), Message: c.secrets.text(message), Data: masked})
}

// Outcome says what the task found besides its output. The last call counts.
func (c *TaskContext) Outcome(outcome Outcome) { c.outcome = &outcome }

// abortReason is why the handler was told to stop; its answer is then not sent.
func (c *TaskContext) abortReason() error {
	if c.Err() == nil {
		return nil
	}
	return context.Cause(c)
}
