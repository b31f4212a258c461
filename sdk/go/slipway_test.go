package slipway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	slipway "slipway.dev/sdk"
)

type number struct {
	N int `json:"n"`
}

func run(t *testing.T, task *slipway.Task, input any, options ...slipway.RunOptions) slipway.TaskRun {
	t.Helper()
	ended, err := slipway.RunTask(t.Context(), task, input, options...)
	if err != nil {
		t.Fatal(err)
	}
	return ended
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %#v\nwant %#v", got, want)
	}
}

func TestATaskRunsWithoutAnyServerAndSeesWhatAServiceWouldShowIt(t *testing.T) {
	look := slipway.DefineTask("look", func(ctx *slipway.TaskContext, in map[string]any) (map[string]any, error) {
		ctx.Progress(0.5, "half")
		saw := fmt.Sprint(ctx.Project(), ctx.Stage(), ctx.Service(), ctx.Labels()["a"], ctx.Attempt()) + ctx.RunID() + ctx.AttemptID()
		return map[string]any{"saw": saw, "before": ctx.Data()["build"]}, nil
	})
	ended := run(t, look, nil, slipway.RunOptions{
		Project: "p", Stage: "s", Service: "v", Labels: map[string]string{"a": "l"}, Attempt: 2, Data: map[string]any{"build": 7.0},
	})
	equal(t, ended.Status, slipway.Succeeded)
	equal(t, ended.Output, map[string]any{"saw": "psvl2test-runtest-run.look.2", "before": 7.0})
	equal(t, ended.Progress, []slipway.Progress{{Fraction: 0.5, Message: "half"}})
}

type checked struct {
	Name  string   `json:"name"`
	Sizes []number `json:"sizes"`
}

func (c *checked) Validate() error {
	if c.Name == "" {
		return errors.New("name: must not be empty")
	}
	return nil
}

func TestInputThatDoesNotFitNamesThePlaceAndTheFunctionIsNotCalled(t *testing.T) {
	task := slipway.DefineTask("check", func(_ *slipway.TaskContext, in checked) (checked, error) {
		if in.Name == "never" {
			t.Error("it was called")
		}
		return in, nil
	})
	for input, message := range map[string]string{
		`{"name": 7}`: "name: expected string, received number",
		`{"name": "never", "sizes": [{"n": "x"}]}`: "sizes.n: expected int, received string",
		`[]`:           "(root): expected object, received array",
		`{"name": ""}`: "name: must not be empty",
	} {
		ended := run(t, task, json.RawMessage(input))
		equal(t, ended.Message, "the input of check is not valid: "+message)
		equal(t, ended.Error.Code, "INVALID_INPUT")
		equal(t, *ended.Error.Retryable, false)
	}
	equal(t, run(t, task, nil).Message, "the input of check is not valid (there was none): name: must not be empty")
	equal(t, run(t, task, map[string]any{"name": "a", "more": 1}).Output["name"], "a")
}

func TestOutputThatDoesNotFitIsInvalidOutput(t *testing.T) {
	for _, output := range []any{math.NaN(), "text", []int{1}, make(chan int), &checked{}} {
		task := slipway.DefineTask("t", func(*slipway.TaskContext, any) (any, error) { return output, nil })
		ended := run(t, task, nil)
		equal(t, ended.Error.Code, "INVALID_OUTPUT")
		equal(t, *ended.Error.Retryable, false)
	}
}

type declined struct{ error }

func (declined) Code() string { return "DECLINED" }

func TestWhatIsReturnedAsErrorIsWhatTheFinishedEventSays(t *testing.T) {
	no := false
	for _, one := range []struct {
		err  error
		want slipway.TaskError
	}{
		{errors.New("broken"), slipway.TaskError{Code: "ERROR", Message: "broken"}},
		{declined{errors.New("no")}, slipway.TaskError{Code: "DECLINED", Message: "no"}},
		{slipway.Terminal("NOT_FOUND", "gone"), slipway.TaskError{Code: "NOT_FOUND", Message: "gone", Retryable: &no}},
		{&slipway.TerminalError{Message: "gone"}, slipway.TaskError{Code: "TERMINAL", Message: "gone", Retryable: &no}},
		{&slipway.RetryAfter{After: 1500 * time.Millisecond, Message: "busy"}, slipway.TaskError{Code: "RETRY_AFTER", Message: "busy", RetryAfterMs: 1500}},
		{fmt.Errorf("wrapped: %w", slipway.Terminal("X", "x")), slipway.TaskError{Code: "X", Message: "wrapped: x", Retryable: &no}},
	} {
		task := slipway.DefineTask("t", func(*slipway.TaskContext, any) (number, error) { return number{}, one.err })
		ended := run(t, task, nil)
		equal(t, []any{ended.Status, ended.Result}, []any{slipway.Errored, slipway.Fail})
		equal(t, *ended.Error, one.want)
	}
	panics := slipway.DefineTask("t", func(*slipway.TaskContext, any) (number, error) { panic("oh") })
	equal(t, *run(t, panics, nil).Error, slipway.TaskError{Code: "PANIC", Message: "oh"})
	long := slipway.DefineTask("t", func(*slipway.TaskContext, any) (number, error) {
		return number{}, errors.New(strings.Repeat("ä", 5000))
	})
	if message := run(t, long, nil).Message; len(message) > 4096 || !strings.HasSuffix(message, "ä...") {
		t.Fatalf("%d bytes, %q", len(message), message[len(message)-6:])
	}
}

func TestAnOutcomeSaysWarningFailAndLabels(t *testing.T) {
	task := slipway.DefineTask("t", func(ctx *slipway.TaskContext, _ any) (number, error) {
		ctx.Outcome(slipway.Outcome{Result: slipway.Warning, Message: "m", Labels: map[string]string{"build": "7"}})
		return number{1}, nil
	})
	ended := run(t, task, nil)
	equal(t, []any{ended.Status, ended.Result, ended.Message, ended.Labels["build"]}, []any{slipway.Succeeded, slipway.Warning, "m", "7"})
}

func TestAnErroredTaskMayHaveAnOutputWhichIsCheckedAndNeverHidesTheError(t *testing.T) {
	with := func(output any) slipway.TaskRun {
		return run(t, slipway.DefineTask("judge", func(*slipway.TaskContext, any) (number, error) {
			return number{}, &slipway.TaskErrored{Message: "no data", Output: output, Code: "NO_DATA", Final: true}
		}), nil)
	}
	good, bad := with(number{3}), with("high")
	equal(t, good.Output, map[string]any{"n": 3.0})
	equal(t, good.Error.Code, "NO_DATA")
	equal(t, bad.Message, "no data; the output of judge was left out, it is not valid: it must be an object")
	equal(t, bad.Error, good.Error)
}

func TestCancellingTheContextCancelsTheHandler(t *testing.T) {
	task := slipway.DefineTask("t", func(ctx *slipway.TaskContext, _ any) (number, error) {
		<-ctx.Done()
		return number{}, ctx.Err()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	ended, err := slipway.RunTask(ctx, task, nil)
	equal(t, []any{err, ended.Message}, []any{nil, "context deadline exceeded"})
}

func TestASecretIsMaskedInProgressLogsAndMessagesAndRefusedInAnOutput(t *testing.T) {
	var lines bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&lines, nil))
	task := slipway.DefineTask("t", func(ctx *slipway.TaskContext, in number) (map[string]any, error) {
		password := ctx.Secret("hunter22")
		ctx.ProgressData(0.1, "with "+password, map[string]any{"all": []any{password}})
		ctx.Log().With("a", password).Info("password "+password, "group", slog.GroupValue(slog.String("x", password)), "error", errors.New(password))
		if in.N == 0 {
			return nil, errors.New("401 for " + password)
		}
		return map[string]any{"nested": []any{"x" + password}}, nil
	})
	failed := run(t, task, number{0}, slipway.RunOptions{Log: log})
	equal(t, []any{failed.Message, failed.Error.Message}, []any{"401 for ***", "401 for ***"})
	equal(t, failed.Progress, []slipway.Progress{{Fraction: 0.1, Message: "with ***", Data: map[string]any{"all": []any{"***"}}}})
	if text := lines.String(); strings.Contains(text, "hunter22") || strings.Count(text, "***") != 4 || !strings.Contains(text, `"run":"test-run"`) {
		t.Fatal(text)
	}
	returned := run(t, task, number{1})
	equal(t, []any{returned.Error.Code, returned.Output == nil}, []any{"SECRET_IN_OUTPUT", true})
}

func TestNamesAndSettingsThatCannotBeAreRefusedWithTheWayOut(t *testing.T) {
	task := slipway.DefineTask("a", func(*slipway.TaskContext, any) (number, error) { return number{}, nil })
	refused := func(wants string, options slipway.Options, tasks ...*slipway.Task) {
		t.Helper()
		if _, err := slipway.Start(options, tasks...); err == nil || !strings.Contains(err.Error(), wants) {
			t.Fatalf("%v", err)
		}
	}
	refused("needs at least one task", slipway.Options{})
	refused("two of the tasks have the name a", slipway.Options{}, task, task)
	refused("write for example", slipway.Options{Server: "localhost"}, task)
	refused("write claim, nats or push", slipway.Options{Connect: "pigeon"}, task)
	defer func() {
		if message := fmt.Sprint(recover()); !strings.Contains(message, `"Check Number" cannot name a task`) {
			t.Fatal(message)
		}
	}()
	slipway.DefineTask("Check Number", func(*slipway.TaskContext, any) (number, error) { return number{}, nil })
}

func TestAProcessIsToldItsNameItsBrokerAndWherePushesArrive(t *testing.T) {
	t.Setenv("SLIPWAY_NATS", "nats://one,nats://two")
	t.Setenv("SLIPWAY_NAME", "me")
	t.Setenv("SLIPWAY_CONCURRENCY", "4")
	t.Setenv("SLIPWAY_PUSH_LISTEN", "[::]:8080")
	options, err := slipway.FromEnvironment()
	equal(t, []any{err, options.Connect, options.Name, options.Concurrency}, []any{nil, slipway.Nats, "me", 4})
	for name, value := range map[string]string{"SLIPWAY_CONNECT": "pigeon", "SLIPWAY_PUSH_LISTEN": "8080", "SLIPWAY_CONCURRENCY": "many"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			if _, err := slipway.FromEnvironment(); err == nil || !strings.Contains(err.Error(), name) {
				t.Fatal(err)
			}
		})
	}
}

func TestWhatAFileLedgerRememberedIsThereAfterARestartAlsoWhenTheLastLineIsTorn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "answers.jsonl")
	ledger, err := slipway.OpenFileLedger(path)
	equal(t, err, nil)
	errs := make(chan error)
	for n := range 20 {
		go func() {
			id := fmt.Sprintf("attempt%02d", n)
			errs <- ledger.Remember(&slipway.Answer{ID: "id", AttemptID: id, Phase: "finished", Subject: "s", JSON: json.RawMessage(`{}`)})
		}()
	}
	for range 20 {
		equal(t, <-errs, nil)
	}
	equal(t, ledger.Close(), nil)
	text, _ := os.ReadFile(path)
	equal(t, bytes.Count(text, []byte("\n")), 20)
	equal(t, os.WriteFile(path, append(text[:len(text)-5], "\nnonsense\n"...), 0o600), nil)
	again, err := slipway.OpenFileLedger(path)
	equal(t, err, nil)
	known := 0
	for n := range 20 {
		if again.Get(fmt.Sprintf("attempt%02d", n)) != nil {
			known++
		}
	}
	equal(t, known, 19)
	equal(t, again.Close(), nil)
}
