package slipway_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	slipway "slipway.dev/sdk"
	"slipway.dev/sdk/api"
)

// The real control plane and the real broker, as processes of their own, for all tests of this package.
var world = sync.OnceValues(startWorld)

type servers struct {
	url, nats string
	node      string
	stop      func()
}

func TestMain(m *testing.M) {
	code := m.Run()
	if started != nil {
		started.stop()
	}
	os.Exit(code)
}

var started *servers

func startWorld() (*servers, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "slipway-sdk-go-")
	if err != nil {
		return nil, err
	}
	node := envOr("TEST_NODE", filepath.Join(root, "node_modules/.bin/node"))
	natsPort, port := freePort(), freePort()
	natsServer := exec.Command(envOr("TEST_NATS_SERVER", filepath.Join(root, ".cache/bin/nats-server")),
		"-a", "127.0.0.1", "-p", fmt.Sprint(natsPort), "-js", "-sd", filepath.Join(folder, "nats"))
	s := &servers{
		url: fmt.Sprintf("http://127.0.0.1:%d", port), nats: fmt.Sprintf("nats://127.0.0.1:%d", natsPort), node: node,
	}
	var output bytes.Buffer
	plane := exec.Command(node, filepath.Join(root, "cli/bin/slipway.js"), "serve", "--listen", fmt.Sprintf("127.0.0.1:%d", port),
		"--data", filepath.Join(folder, "data"), "--nats", s.nats)
	plane.Stdout, plane.Stderr = &output, &output
	s.stop = func() {
		for _, command := range []*exec.Cmd{plane, natsServer} {
			if command.Process != nil {
				_ = command.Process.Kill()
				_ = command.Wait()
			}
		}
		_ = os.RemoveAll(folder)
	}
	started = s
	if err := natsServer.Start(); err != nil {
		return nil, err
	}
	if err := plane.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if response, err := http.Get(s.url + "/readyz"); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return s, nil
			}
		}
	}
	return nil, fmt.Errorf("the control plane is not ready: %s", output.String())
}

func envOr(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

func freePort() int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

func start(t *testing.T) (*servers, *api.Client) {
	t.Helper()
	s, err := world()
	if err != nil {
		t.Fatal(err)
	}
	client, err := api.New(s.url, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return s, client
}

var quiet = slog.New(slog.DiscardHandler)

// project makes a project with these tasks; its name is that of the test.
func project(t *testing.T, client *api.Client, tasks string) string {
	t.Helper()
	name := strings.Trim(strings.ToLower(regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(t.Name(), "-")), "-")
	name = name[max(0, len(name)-40):]
	name = strings.Trim(name, "-")
	shipyard := "apiVersion: slipway.dev/v1\nkind: Shipyard\nmetadata: {name: p}\nspec: {stages: [{name: dev, sequences: [{name: go, tasks: " + tasks + "}]}]}\n"
	if _, err := client.PutShipyard(t.Context(), name, shipyard, nil); err != nil {
		t.Fatal(err)
	}
	return name
}

func serve(t *testing.T, s *servers, connect slipway.Connect, project string, tasks ...*slipway.Task) *slipway.Service {
	t.Helper()
	service, err := slipway.Start(slipway.Options{
		Connect: connect, Server: s.url, Nats: slipway.NatsOptions{Servers: s.nats}, Name: project, Log: quiet, Version: "9",
		Filter: slipway.Filter{Project: project}, Lease: 1500 * time.Millisecond, Drain: time.Second,
	}, tasks...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := service.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := service.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return service
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within 30 s: " + what)
		}
	}
}

func eachWay(t *testing.T, test func(t *testing.T, connect slipway.Connect)) {
	for _, connect := range []slipway.Connect{slipway.Claim, slipway.Push, slipway.Nats} {
		t.Run(string(connect), func(t *testing.T) { test(t, connect) })
	}
}

func TestASequenceRunsThroughItsTasksAndEachSeesWhatCameBefore(t *testing.T) {
	eachWay(t, func(t *testing.T, connect slipway.Connect) {
		s, client := start(t)
		p := project(t, client, `[{name: go-one}, {name: go-two, with: {n: "${{ tasks.go_one.output.n * 10 }}"}}]`)
		plus := func(_ *slipway.TaskContext, in number) (number, error) { return number{in.N + 1}, nil }
		service := serve(t, s, connect, p, slipway.DefineTask("go-one", plus), slipway.DefineTask("go-two", plus))
		var triggered api.Triggered
		for range 10 {
			var err error
			triggered, err = client.Trigger(t.Context(), api.TriggerRequest{
				Project: p, Stage: "dev", Sequence: "go", Data: map[string]any{"go-one": number{4}}, Wait: time.Minute,
			})
			equal(t, []any{err, triggered.State, triggered.Result}, []any{nil, "finished", "pass"})
		}
		view, err := client.GetRun(t.Context(), triggered.Run)
		equal(t, []any{err, len(view.Tasks)}, []any{nil, 2})
		eventually(t, "all are counted", func() bool { return service.Stats().Finished == 20 && service.Stats().Started == 20 })
	})
}

func TestAnAttemptThatFailsIsTriedAgainWhenItSaysAndAWrongInputIsNot(t *testing.T) {
	eachWay(t, func(t *testing.T, connect slipway.Connect) {
		s, client := start(t)
		p := project(t, client, `[{name: go-shaky, retry: {attempts: 3, delay: 10ms}}, {name: go-strict, retry: {attempts: 3, delay: 10ms}}]`)
		var at []time.Time
		shaky := slipway.DefineTask("go-shaky", func(ctx *slipway.TaskContext, _ any) (number, error) {
			at = append(at, time.Now())
			if ctx.Attempt() < 3 {
				return number{}, &slipway.RetryAfter{After: 200 * time.Millisecond, Message: "not yet"}
			}
			return number{}, nil
		})
		strict := slipway.DefineTask("go-strict", func(_ *slipway.TaskContext, in checked) (checked, error) { return in, nil })
		serve(t, s, connect, p, shaky, strict)
		triggered, err := client.Trigger(t.Context(), api.TriggerRequest{Project: p, Stage: "dev", Sequence: "go", Wait: time.Minute})
		equal(t, []any{err, triggered.Result, triggered.Status}, []any{nil, "fail", "errored"})
		equal(t, len(at), 3)
		if at[1].Sub(at[0]) < 190*time.Millisecond {
			t.Fatal("it came too early")
		}
		view, err := client.GetRun(t.Context(), triggered.Run)
		equal(t, []any{err, len(view.Tasks[0].Attempts), len(view.Tasks[1].Attempts)}, []any{nil, 3, 1})
	})
}

func TestSignsOfLifeHoldALongAttemptAndAbortingTheRunCancelsItsContext(t *testing.T) {
	eachWay(t, func(t *testing.T, connect slipway.Connect) {
		s, client := start(t)
		p := project(t, client, `[{name: go-endless}]`)
		cause := make(chan error, 1)
		endless := slipway.DefineTask("go-endless", func(ctx *slipway.TaskContext, _ any) (number, error) {
			ctx.Progress(0.25, "a quarter")
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return number{}, nil
		})
		service := serve(t, s, connect, p, endless)
		triggered, err := client.Trigger(t.Context(), api.TriggerRequest{Project: p, Stage: "dev", Sequence: "go"})
		equal(t, err, nil)
		eventually(t, "it runs", func() bool { return service.Stats().Running == 1 })
		time.Sleep(2 * time.Second) // Longer than its lease.
		equal(t, service.Stats().Running, 1)
		_, err = client.CommandRun(t.Context(), triggered.Run, "abort", &api.CommandRequest{Reason: api.Pointer("enough")})
		equal(t, err, nil)
		if reason := <-cause; !errors.Is(reason, slipway.ErrAttemptCancelled) {
			t.Fatal(reason)
		}
		eventually(t, "it was dropped", func() bool { return service.Stats().Dropped == 1 })
	})
}

func TestDataOf3MBComeAndGoAsSmallDataDo(t *testing.T) {
	eachWay(t, func(t *testing.T, connect slipway.Connect) {
		s, client := start(t)
		p := project(t, client, `[{name: go-grow}, {name: go-weigh}]`)
		type text struct {
			Text string `json:"text"`
		}
		grow := slipway.DefineTask("go-grow", func(_ *slipway.TaskContext, in text) (text, error) { return text{in.Text + "y"}, nil })
		weigh := slipway.DefineTask("go-weigh", func(ctx *slipway.TaskContext, _ any) (number, error) {
			before, _ := ctx.Data()["go-grow"].(map[string]any)
			return number{len(before["text"].(string))}, nil
		})
		serve(t, s, connect, p, grow, weigh)
		triggered, err := client.Trigger(t.Context(), api.TriggerRequest{
			Project: p, Stage: "dev", Sequence: "go", Data: map[string]any{"go-grow": text{strings.Repeat("x", 3<<20)}}, Wait: time.Minute,
		})
		equal(t, []any{err, triggered.Result}, []any{nil, "pass"})
		output, _ := triggered.Output.(map[string]any)
		equal(t, output["go-weigh"], map[string]any{"n": float64(3<<20 + 1)})
	})
}

func TestARefusalHasItsCodeAndPlacesAndNoServerSaysWhatToDo(t *testing.T) {
	_, client := start(t)
	_, err := client.PutShipyard(t.Context(), "p", "spec: {stagse: []}", &api.PutShipyardParams{})
	var refusal *api.Refusal
	if !errors.As(err, &refusal) || refusal.Code != "invalid-shipyard" || refusal.Errors[0].Line != 1 {
		t.Fatal(err)
	}
	nobody, err := api.New(fmt.Sprintf("http://127.0.0.1:%d", freePort()), "")
	equal(t, err, nil)
	_, err = nobody.ListRuns(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "`slipway serve` starts one") {
		t.Fatal(err)
	}
}

func TestParametersFilterAndTheStreamShowsWhatHappens(t *testing.T) {
	_, client := start(t)
	p := project(t, client, `[{name: nobody-does-this}]`)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			time.Sleep(100 * time.Millisecond)
			_, _ = client.Trigger(ctx, api.TriggerRequest{Project: p, Stage: "dev", Sequence: "go", Labels: map[string]string{"team": "blue"}})
		}
	}()
	seen := false
	for item, err := range client.Stream(ctx, &api.StreamParams{Project: &p}, "") {
		equal(t, []any{err, item.ID != ""}, []any{nil, true})
		if item.Kind == "run" {
			seen = true
			break
		}
	}
	cancel()
	equal(t, seen, true)
	blue, err := client.ListRuns(t.Context(), &api.ListRunsParams{Project: &p, Label: &map[string]string{"team": "blue"}, Limit: api.Pointer(1)})
	equal(t, []any{err, len(blue.Items)}, []any{nil, 1})
	red, err := client.ListRuns(t.Context(), &api.ListRunsParams{Project: &p, Label: &map[string]string{"team": "red"}})
	equal(t, []any{err, len(red.Items)}, []any{nil, 0})
}

// Each code block of the README, as it stands there.
func TestTheServiceTheUnitTestTheShipyardAndTheClientOfTheREADMEDoWhatItSays(t *testing.T) {
	s, _ := start(t)
	readme, err := os.ReadFile("README.md")
	equal(t, err, nil)
	folder := t.TempDir()
	files := []string{}
	for _, block := range regexp.MustCompile("(?s)```\\w+\n(?://|#) (\\S+)\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		text := strings.ReplaceAll(block[2], "http://127.0.0.1:8484", s.url)
		path := filepath.Join(folder, block[1])
		files = append(files, block[1])
		equal(t, os.MkdirAll(filepath.Dir(path), 0o755), nil)
		equal(t, os.WriteFile(path, []byte(text), 0o600), nil)
	}
	equal(t, files, []string{"main.go", "welcome.yaml", "main_test.go", "client/main.go"})
	room, _ := filepath.Abs(".")
	command := func(program string, args ...string) *exec.Cmd {
		one := exec.Command(program, args...)
		one.Dir = folder
		one.Env = append(os.Environ(), "SLIPWAY_SERVER="+s.url, "GOFLAGS=-mod=mod")
		return one
	}
	output := func(program string, args ...string) string {
		t.Helper()
		text, err := command(program, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", program, args, err, text)
		}
		return string(text)
	}
	output("go", "mod", "init", "example.com/greeter")
	output("go", "mod", "edit", "-replace", "slipway.dev/sdk="+room)
	output("go", "mod", "tidy")
	output("go", "vet", "./...")
	output("go", "test", "./...")
	output("go", "build", "-o", "greeter", ".")
	service := command("./greeter")
	service.Stderr = io.Discard
	equal(t, service.Start(), nil)
	cli := filepath.Join(room, "../../cli/bin/slipway.js")
	output(s.node, cli, "apply", "welcome.yaml", "--project", "demo-go", "--server", s.url)
	told := output(s.node, cli, "trigger", "dev.hello", "--project", "demo-go", "--data", `{"welcome": {"name": "Ada"}}`, "--wait", "--server", s.url)
	if !strings.Contains(told, "pass") || !strings.Contains(strings.Join(strings.Fields(told), ""), `"text":"Welcome,Ada!"`) {
		t.Fatal(told)
	}
	if told := output("go", "run", "./client"); !strings.HasPrefix(told, "pass map[welcome:map[text:Welcome, Ada!]]\n") {
		t.Fatal(told)
	}
	equal(t, service.Process.Signal(syscall.SIGTERM), nil)
	equal(t, service.Wait(), nil)
}

func TestItsVersionIsThatOfTheOtherPackages(t *testing.T) {
	text, err := os.ReadFile("../../package.json")
	equal(t, err, nil)
	if !strings.Contains(string(text), `"version": "`+slipway.Version+`"`) {
		t.Fatal(slipway.Version)
	}
}
