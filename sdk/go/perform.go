package slipway

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

const (
	messageMax = 4096
	codeMax    = 256
)

// TaskError says why an attempt failed.
type TaskError struct {
	Code         string `json:"code"`
	Message      string `json:"message"`
	Retryable    *bool  `json:"retryable,omitempty"`
	RetryAfterMs int64  `json:"retryAfterMs,omitempty"`
}

// ended is how one attempt ended, as its finished event says.
type ended struct {
	status  Status
	result  Result
	message string
	output  map[string]any
	err     *TaskError
	labels  map[string]string
}

// perform checks the input, calls the handler, checks the output. Whatever is returned or panics becomes an ending.
func perform(task *Task, ctx *TaskContext) ended {
	end := performed(task, ctx)
	if ctx.secrets.isIn(end.output) {
		end = terminal("SECRET_IN_OUTPUT", fmt.Sprintf("the output of %s has a secret in it: leave it out", task.name))
	}
	end.message = ctx.secrets.text(end.message)
	if end.err != nil {
		end.err.Message = ctx.secrets.text(end.err.Message)
	}
	return end
}

func performed(task *Task, ctx *TaskContext) ended {
	own, isThere := ctx.trigger.data[task.name]
	absent := ""
	if !isThere || own == nil {
		own = map[string]any{}
		absent = " (there was none)"
	}
	text, err := toJSON(own)
	if err != nil {
		return terminal("INVALID_INPUT", err.Error())
	}
	input, err := task.load(text)
	if err != nil {
		return terminal("INVALID_INPUT", fmt.Sprintf("the input of %s is not valid%s: %v", task.name, absent, err))
	}
	returned, err := call(task, ctx, input)
	if err != nil {
		return failed(task, err)
	}
	return succeeded(task, ctx, returned)
}

func call(task *Task, ctx *TaskContext, input any) (returned any, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = &coded{code: "PANIC", error: fmt.Errorf("%v", panicked)}
		}
	}()
	return task.run(ctx, input)
}

type coded struct {
	error
	code string
}

func (c *coded) Code() string { return c.code }

func succeeded(task *Task, ctx *TaskContext, returned any) ended {
	end := ended{status: Succeeded, result: Pass}
	if ctx.outcome != nil {
		if ctx.outcome.Result != "" {
			end.result = ctx.outcome.Result
		}
		end.message, end.labels = cut(ctx.outcome.Message), ctx.outcome.Labels
	}
	output, err := dump(returned)
	if err != nil {
		return terminal("INVALID_OUTPUT", fmt.Sprintf("the output of %s is not valid: %v", task.name, err))
	}
	end.output = output
	return end
}

func dump(value any) (map[string]any, error) {
	if err := validate(value); err != nil {
		return nil, err
	}
	text, err := toJSON(value)
	if err != nil {
		return nil, fmt.Errorf("it cannot be written as JSON: %w", err)
	}
	var output map[string]any
	if err := json.Unmarshal(text, &output); err != nil {
		return nil, errors.New("it must be an object")
	}
	if output == nil {
		output = map[string]any{}
	}
	return output, nil
}

func terminal(code, text string) ended {
	no := false
	message := cut(text)
	return ended{status: Errored, result: Fail, message: message, err: &TaskError{Code: code, Message: message, Retryable: &no}}
}

func failed(task *Task, err error) ended {
	message := cut(err.Error())
	if message == "" {
		message = fmt.Sprintf("%T", err)
	}
	end := ended{status: Errored, result: Fail, message: message, err: &TaskError{Code: codeOf(err), Message: message}}
	no := false
	var (
		final   *TerminalError
		later   *RetryAfter
		errored *TaskErrored
	)
	switch {
	case errors.As(err, &final):
		end.err.Retryable = &no
	case errors.As(err, &later):
		end.err.RetryAfterMs = max(1, later.After.Milliseconds())
	case errors.As(err, &errored):
		if errored.Final {
			end.err.Retryable = &no
		}
		if errored.Result != "" {
			end.result = errored.Result
		}
		end.labels = errored.Labels
		output, wrong := dump(errored.Output)
		if wrong != nil {
			// Why the task failed must not be lost over it.
			end.message = cut(fmt.Sprintf("%s; the output of %s was left out, it is not valid: %v", message, task.name, wrong))
		} else {
			end.output = output
		}
	}
	return end
}

func codeOf(err error) string {
	var (
		final   *TerminalError
		later   *RetryAfter
		errored *TaskErrored
		own     interface{ Code() string }
	)
	code, fallback := "", "ERROR"
	switch {
	case errors.As(err, &final):
		code, fallback = final.Code, "TERMINAL"
	case errors.As(err, &later):
		code, fallback = later.Code, "RETRY_AFTER"
	case errors.As(err, &errored):
		code = errored.Code
	case errors.As(err, &own):
		code = own.Code()
	}
	if code == "" {
		return fallback
	}
	if len(code) > codeMax {
		return strings.ToValidUTF8(code[:codeMax], "")
	}
	return code
}

func cut(text string) string {
	if len(text) <= messageMax {
		return text
	}
	return strings.ToValidUTF8(text[:messageMax-3], "") + "..."
}

// finishedData is the data of the finished event: where, how it ended, and the output under the task's own name.
func finishedData(task *Task, where map[string]any, end ended) map[string]any {
	where["status"], where["result"] = end.status, end.result
	if end.message != "" {
		where["message"] = end.message
	}
	if end.err != nil {
		where["error"] = end.err
	}
	if end.labels != nil {
		where["labels"] = end.labels
	}
	if end.output != nil && (end.result != Fail || end.status != Succeeded || len(end.output) > 0) {
		where[task.name] = end.output
	}
	return where
}
