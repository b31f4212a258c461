package slipway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"slipway.dev/sdk/internal/door"
)

const (
	// The most that the control plane gives at once.
	claimMax = 256
	// Beyond the wait, for an answer that takes its time.
	claimGrace = 15 * time.Second
	leaveGrace = time.Second
)

// transport is one way to be a task service. All three mean the same; the worker and the handlers know none of them.
type transport interface {
	// start begins to take attempts. It returns when it is connected, or with an error when that can never be.
	start() error
	// leave stops taking attempts, and returns when nothing more can arrive. Running attempts may still answer.
	leave()
	flush(within time.Duration) bool
	close()
	stats() AnswerCounts
}

// httpAnswers is what claims and push share: the outbox, and large data by reference.
type httpAnswers struct {
	ctx     context.Context
	cancel  context.CancelFunc
	door    *door.Door
	outbox  *outbox
	channel *byReference
}

func newHTTPAnswers(o *Options, w *worker, onDelivered func()) (*httpAnswers, error) {
	d, err := door.New(o.Server, o.Token, 0)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	a := &httpAnswers{ctx: ctx, cancel: cancel, door: d}
	a.outbox = &outbox{ctx: ctx, door: d, log: o.Log, queueMax: o.queueMax(), onOver: w.cancel, onDelivered: onDelivered}
	a.channel = &byReference{channel: a.outbox, ctx: ctx, door: d, log: o.Log, bytesMax: func() int { return eventBytesMax }}
	a.channel.onRefused = func(answer *Answer, why string) {
		if instead := insteadOf(answer, why); instead != nil {
			a.outbox.send(instead)
		}
	}
	return a, nil
}

func (a *httpAnswers) flush(within time.Duration) bool {
	deadline := time.Now().Add(within)
	for a.channel.waiting() > 0 {
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(5 * time.Millisecond)
	}
	return a.outbox.flush(time.Until(deadline))
}

func (a *httpAnswers) close() {
	a.cancel()
	a.door.Close()
}

func (a *httpAnswers) stats() AnswerCounts {
	counts := a.outbox.stats()
	counts.Waiting += a.channel.waiting()
	return counts
}

// claimTransport claims over HTTP: no port of its own, no broker, through any proxy.
type claimTransport struct {
	*httpAnswers
	options  *Options
	worker   *worker
	onFatal  func(error)
	claimers map[string]*claimer
	leaving  context.Context
	left     context.CancelFunc
	group    sync.WaitGroup
}

func newClaimTransport(tasks []*Task, o *Options, w *worker, onFatal func(error)) (*claimTransport, error) {
	t := &claimTransport{options: o, worker: w, onFatal: onFatal, claimers: map[string]*claimer{}}
	t.leaving, t.left = context.WithCancel(context.Background())
	answers, err := newHTTPAnswers(o, w, func() {
		for _, one := range t.claimers {
			one.wake()
		}
	})
	if err != nil {
		return nil, err
	}
	t.httpAnswers = answers
	members := o.Filter.addTo(map[string]any{"source": o.Source})
	if o.Version != "" {
		members["version"] = o.Version
	}
	body, err := toJSON(members)
	if err != nil {
		return nil, err
	}
	for _, task := range tasks {
		// One connection, which can be left without losing what is on its way.
		d, err := door.New(o.Server, o.Token, 1)
		if err != nil {
			return nil, err
		}
		t.claimers[task.name] = &claimer{transport: t, task: task.name, door: d, body: body, woken: make(chan struct{}, 1)}
	}
	w.onFree = func(task string) { t.claimers[task].wake() }
	return t, nil
}

func (t *claimTransport) start() error {
	for _, one := range t.claimers {
		t.group.Add(1)
		go func() {
			defer t.group.Done()
			if err := one.run(); err != nil {
				t.onFatal(err)
			}
		}()
	}
	return nil
}

func (t *claimTransport) leave() {
	t.left()
	for _, one := range t.claimers {
		one.door.Leave()
	}
	t.group.Wait()
}

func (t *claimTransport) close() {
	t.httpAnswers.close()
	for _, one := range t.claimers {
		one.door.Close()
	}
}

// claimer claims attempts of one task: one long poll is outstanding while there is a free slot and room for its answer, and asks for
// as many as there are.
type claimer struct {
	transport *claimTransport
	task      string
	door      *door.Door
	body      []byte
	woken     chan struct{}
}

// wake: a slot or room may be free, look again.
func (c *claimer) wake() {
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

// run returns nil when it leaves, and an error when the server refuses for good.
func (c *claimer) run() error {
	t := c.transport
	for failures := 0; t.leaving.Err() == nil; {
		free := min(t.worker.freeSlots(c.task), t.outbox.room(), claimMax)
		if free == 0 {
			select {
			case <-c.woken:
			case <-t.leaving.Done():
			}
			continue
		}
		events, err := c.claim(free)
		if err == nil {
			if failures > 0 {
				t.options.Log.Info("claiming again", "task", c.task)
			}
			failures = 0
			c.take(events)
			continue
		}
		var (
			problem *SlipwayProblem
			pause   time.Duration
		)
		if errors.As(err, &problem) {
			if problem.Status == 401 || problem.Status == 403 || !problem.IsTransient() && !problem.IsOfProxy() {
				return problem
			}
			pause = problem.RetryAfter()
		}
		if t.leaving.Err() != nil {
			return nil
		}
		if failures%20 == 0 {
			t.options.Log.Warn("could not claim: trying again", "task", c.task, "why", err.Error())
		}
		// A free slot is no reason to ask a server that just refused: only leaving ends this pause.
		door.Sleep(t.leaving, door.Backoff(failures, pause))
		failures++
	}
	return nil
}

func (c *claimer) claim(free int) ([]CloudEvent, error) {
	o := c.transport.options
	// After leaving, what is on its way is still read, for a moment.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := context.AfterFunc(c.transport.leaving, func() {
		time.AfterFunc(leaveGrace, cancel)
	})
	defer stop()
	path := fmt.Sprintf("/v1/tasks/%s/claim?wait=%dms&max=%d&lease=%dms", c.task, o.Wait.Milliseconds(), free, o.Lease.Milliseconds())
	answer, err := c.door.Ask(ctx, http.MethodPost, path, "application/json", c.body, nil, o.Wait+claimGrace)
	if err != nil {
		return nil, err
	}
	switch answer.Status {
	case http.StatusNoContent:
		return nil, nil
	case http.StatusOK:
		var events []CloudEvent
		if err := json.Unmarshal(answer.Body, &events); err != nil {
			return nil, fmt.Errorf("the answer is no list of events: %.100s", answer.Body)
		}
		return events, nil
	default:
		return nil, door.ProblemOf(answer, "claim of "+c.task)
	}
}

func (c *claimer) take(events []CloudEvent) {
	t := c.transport
	for _, event := range events {
		read, _ := readMessage(event)
		if read == nil || !isEvent(event) || t.worker.take(read, t.channel) == takenUnknown {
			t.options.Log.Error("claimed an event that this service has no task for", "task", c.task, "id", event["id"], "type", event["type"])
		}
	}
}
