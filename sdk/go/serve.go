package slipway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Connect is a way to be a task service. The three ways mean the same to a handler.
type Connect string

// The ways to connect.
const (
	// Claim asks for attempts over HTTP, by long polls.
	Claim Connect = "claim"
	// Nats takes them from JetStream, by a durable consumer that replicas share.
	Nats Connect = "nats"
	// Push has them delivered to a port of this process.
	Push Connect = "push"
)

const (
	defaultServer = "http://127.0.0.1:8484"
	defaultNats   = "nats://127.0.0.1:4222"
	// How long answers may take to be delivered once every handler has ended.
	flushTime = 10 * time.Second
)

// Options say how to serve. The zero value claims from http://127.0.0.1:8484.
type Options struct {
	// Connect defaults to Claim.
	Connect Connect
	// Server is the control plane; on NATS for data that are too large for the broker.
	Server, Token string
	Nats          NatsOptions
	Push          PushOptions
	// Name is the service's: replicas share it. Default: the first part of Source, else the name of the first task.
	Name string
	// Source says who answers, as a URI reference. Default /<name>, and for claims, whose leases tell replicas apart,
	// /<name>/<host>-<pid>. With push it is always the address that attempts are delivered to.
	Source string
	// Version is for people.
	Version string
	// Concurrency is how many attempts of each task run at once, default 16. A task may say its own.
	Concurrency int
	// Filter takes only attempts of this project, stage or service.
	Filter Filter
	// Lease is the silence after which the control plane gives a claimed attempt to another service, default 30 s.
	Lease time.Duration
	// Heartbeat is the silence after which a running attempt sends a sign of life by itself. Default a third of the lease, at most
	// 5 s. Where the shipyard has a heartbeat for the task it is a third of that, if that is shorter.
	Heartbeat time.Duration
	// Wait is how long a claim waits for work, default 25 s.
	Wait time.Duration
	// Ledger remembers what was answered, so that a repeated attempt does not run again. Default: in memory.
	Ledger Ledger
	// Drain is how long running handlers may go on once the service ends, default 20 s. Then their contexts are cancelled.
	Drain time.Duration
	// Log defaults to JSON lines on stderr.
	Log *slog.Logger
}

func (o *Options) queueMax() int { return 1_000 }

func (o Options) withDefaults(tasks []*Task) (*Options, error) {
	if len(tasks) == 0 {
		return nil, errors.New("serve needs at least one task: slipway.DefineTask(...)")
	}
	names := map[string]bool{}
	for _, task := range tasks {
		if names[task.name] {
			return nil, fmt.Errorf("two of the tasks have the name %s", task.name)
		}
		names[task.name] = true
	}
	if o.Concurrency < 0 || o.Lease < 0 || o.Heartbeat < 0 || o.Wait < 0 || o.Drain < 0 {
		return nil, errors.New("concurrency and times must not be negative")
	}
	o.Connect = or(o.Connect, Claim)
	if o.Connect != Claim && o.Connect != Nats && o.Connect != Push {
		return nil, fmt.Errorf("connect is %q: write claim, nats or push", o.Connect)
	}
	o.Server, o.Nats.Servers = or(o.Server, defaultServer), or(o.Nats.Servers, defaultNats)
	if o.Name == "" {
		o.Name, _, _ = strings.Cut(strings.TrimLeft(o.Source, "/"), "/")
		o.Name = or(o.Name, tasks[0].name)
	}
	if o.Source == "" {
		o.Source = "/" + o.Name
		if o.Connect == Claim {
			host, _ := os.Hostname()
			o.Source += fmt.Sprintf("/%.100s-%d", host, os.Getpid())
		}
	}
	o.Concurrency, o.Lease, o.Wait = or(o.Concurrency, 16), or(o.Lease, 30*time.Second), or(o.Wait, 25*time.Second)
	o.Heartbeat, o.Drain = or(o.Heartbeat, min(o.Lease/3, 5*time.Second)), or(o.Drain, 20*time.Second)
	if o.Ledger == nil {
		o.Ledger = NewMemoryLedger()
	}
	if o.Log == nil {
		o.Log = defaultLogger()
	}
	return &o, nil
}

func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// Service is a service that was started.
type Service struct {
	options   *Options
	worker    *worker
	transport transport
	once      sync.Once
	mutex     sync.Mutex
	fatal     error
	closed    chan struct{}
	ready     chan struct{}
}

// Stats are the figures of a service.
type Stats struct {
	WorkerCounts
	Answers AnswerCounts
}

// Serve serves until SIGTERM or SIGINT, then ends in order: it takes no more, lets running handlers finish, delivers their answers,
// and disconnects. A second signal ends the process at once. The error says why the control plane refuses the service for good.
func Serve(options Options, tasks ...*Task) error {
	service, err := Start(options, tasks...)
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	select {
	case told := <-signals:
		// A second one has its default action.
		signal.Stop(signals)
		signal.Reset(syscall.SIGTERM, syscall.SIGINT)
		service.options.Log.Info("ending: running handlers may finish; a second signal ends at once", "signal", told.String())
	case <-service.closed:
	}
	return service.Close()
}

// Start serves until Close.
func Start(options Options, tasks ...*Task) (*Service, error) {
	o, err := options.withDefaults(tasks)
	if err != nil {
		return nil, err
	}
	s := &Service{options: o, worker: newWorker(tasks, o), closed: make(chan struct{}), ready: make(chan struct{})}
	switch o.Connect {
	case Nats:
		s.transport, err = newNatsTransport(tasks, o, s.worker)
	case Push:
		s.transport, err = newPushTransport(tasks, o, s.worker)
	default:
		s.transport, err = newClaimTransport(tasks, o, s.worker, s.onFatal)
	}
	if err != nil {
		s.worker.stop()
		return nil, err
	}
	names := make([]string, len(tasks))
	for at, task := range tasks {
		names[at] = task.name
	}
	o.Log.Info("serving", "service", o.Name, "source", o.Source, "tasks", names, "connect", o.Connect)
	go func() {
		defer close(s.ready)
		if err := s.transport.start(); err != nil {
			s.onFatal(err)
		}
	}()
	return s, nil
}

// Ready returns once connected for the first time, or with the refusal.
func (s *Service) Ready(ctx context.Context) error {
	select {
	case <-s.ready:
		return s.refusal()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Closed is closed when the service has ended.
func (s *Service) Closed() <-chan struct{} { return s.closed }

// Close stops taking work, lets running handlers finish, delivers their answers, and disconnects. The error says why the control
// plane refused the service for good.
func (s *Service) Close() error {
	s.once.Do(s.end)
	<-s.closed
	return s.refusal()
}

// Stats has the figures.
func (s *Service) Stats() Stats { return Stats{s.worker.stats(), s.transport.stats()} }

func (s *Service) onFatal(err error) {
	s.mutex.Lock()
	isFirst := s.fatal == nil
	if isFirst {
		s.fatal = err
	}
	s.mutex.Unlock()
	if isFirst {
		s.options.Log.Error("the control plane refuses this service: ending", "service", s.options.Name, "error", err.Error())
	}
	// In a goroutine of its own: the end waits for the caller.
	go func() { _ = s.Close() }()
}

func (s *Service) refusal() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.fatal
}

func (s *Service) end() {
	o := s.options
	s.transport.leave()
	s.worker.drain(o.Drain)
	if !s.transport.flush(flushTime) {
		o.Log.Error("ended before every answer was delivered: those attempts run again", "waiting", s.transport.stats().Waiting)
	}
	s.worker.stop()
	s.transport.close()
	if err := o.Ledger.Close(); err != nil {
		o.Log.Error("the ledger could not be closed", "error", err.Error())
	}
	o.Log.Info("ended", "service", o.Name, "finished", s.worker.stats().Finished)
	close(s.closed)
}
