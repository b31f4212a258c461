package slipway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"slipway.dev/sdk/internal/door"
)

const (
	// Events in one POST; the control plane takes no more.
	batchMax = 100
	// Bytes in one POST, unless a single event is larger.
	batchBytesMax = 1 << 20
)

// Codes that mean: no answer to this attempt is wanted.
var overCodes = map[string]bool{
	"attempt-over": true, "unknown-attempt": true, "unknown-run": true, "unknown-task": true, "duplicate-answer": true,
}

// AnswerCounts are the figures of what a service has sent.
type AnswerCounts struct {
	// Waiting are not delivered yet.
	Waiting int
	// Sent were taken by the control plane.
	Sent int
	// Retries are deliveries that were tried again.
	Retries int
	// Over are answers to attempts that were over.
	Over int
	// Refused for good.
	Refused int
}

// outbox delivers answers over HTTP: one POST at a time, and what ends while it is under way is the next batch. There is no timer:
// the first answer goes at once, and under load the batches grow by themselves. An answer leaves the queue only when the control
// plane said what became of it; whatever else happens is tried again, with the same event ids, so that a repeat changes nothing.
type outbox struct {
	ctx         context.Context
	door        *door.Door
	log         *slog.Logger
	queueMax    int
	onOver      func(attemptID, code string)
	onDelivered func()

	mutex      sync.Mutex
	queue      []*Answer
	underWay   int
	isDraining bool
	counts     AnswerCounts
	empty      []chan struct{}
}

func (o *outbox) stats() AnswerCounts {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	counts := o.counts
	counts.Waiting = len(o.queue) + o.underWay
	return counts
}

// room is how many more answers may wait before no new work should be taken.
func (o *outbox) room() int { return max(0, o.queueMax-o.stats().Waiting) }

func (o *outbox) send(answer *Answer) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	isJoined := false
	if answer.Phase == phaseProgress {
		// Progress that waits is replaced by newer progress.
		for at, waiting := range o.queue {
			if waiting.Phase == phaseProgress && waiting.AttemptID == answer.AttemptID {
				o.queue[at], isJoined = answer, true
			}
		}
	}
	if !isJoined {
		o.queue = append(o.queue, answer)
	}
	if !o.isDraining {
		o.isDraining = true
		go o.drain()
	}
}

func (o *outbox) dropped(string, error) {}

// flush says whether everything was delivered within so long.
func (o *outbox) flush(within time.Duration) bool {
	o.mutex.Lock()
	if len(o.queue) == 0 && !o.isDraining {
		o.mutex.Unlock()
		return true
	}
	waiter := make(chan struct{})
	o.empty = append(o.empty, waiter)
	o.mutex.Unlock()
	select {
	case <-waiter:
		return true
	case <-time.After(within):
		return false
	}
}

func (o *outbox) drain() {
	for {
		o.mutex.Lock()
		if len(o.queue) == 0 || o.ctx.Err() != nil {
			o.isDraining = false
			for _, waiter := range o.empty {
				close(waiter)
			}
			o.empty = nil
			o.mutex.Unlock()
			return
		}
		batch := o.takeBatch()
		o.mutex.Unlock()
		o.deliver(batch)
		o.mutex.Lock()
		o.underWay = 0
		o.mutex.Unlock()
		o.onDelivered()
	}
}

func (o *outbox) takeBatch() []*Answer {
	count, size := 0, 0
	for _, answer := range o.queue {
		size += len(answer.JSON)
		if count == batchMax || (count > 0 && size > batchBytesMax) {
			break
		}
		count++
	}
	batch := o.queue[:count:count]
	o.queue = append([]*Answer(nil), o.queue[count:]...)
	o.underWay = count
	return batch
}

// deliver returns when the control plane has said what became of each; a batch that is refused as a whole is sent one by one.
func (o *outbox) deliver(batch []*Answer) {
	for failures := 0; o.ctx.Err() == nil; failures++ {
		items, err := o.post(batch)
		if err == nil {
			o.settle(batch, items)
			return
		}
		var (
			problem *SlipwayProblem
			pause   time.Duration
		)
		if errors.As(err, &problem) {
			// A wrong token can be mended: tokens are exchanged while services run.
			again := problem.IsTransient() || problem.Status < 400 || problem.Status == 401 || problem.Status == 403
			if !again && len(batch) == 1 {
				o.refuse(batch[0], problem)
				return
			}
			if !again {
				for _, answer := range batch {
					o.deliver([]*Answer{answer})
				}
				return
			}
			pause = problem.RetryAfter()
		}
		o.mutex.Lock()
		o.counts.Retries++
		o.mutex.Unlock()
		if failures%10 == 0 {
			o.log.Warn("answers could not be delivered: trying again", "waiting", o.stats().Waiting, "why", err.Error())
		}
		door.Sleep(o.ctx, door.Backoff(failures, pause))
	}
}

type item struct {
	Outcome string `json:"outcome"`
	Code    string `json:"code"`
}

func (o *outbox) post(batch []*Answer) ([]item, error) {
	kind, body := "application/cloudevents+json", []byte(batch[0].JSON)
	if len(batch) > 1 {
		texts := make([][]byte, len(batch))
		for at, answer := range batch {
			texts[at] = answer.JSON
		}
		kind, body = "application/cloudevents-batch+json", bytes.Join([][]byte{[]byte("["), bytes.Join(texts, []byte(",")), []byte("]")}, nil)
	}
	answer, err := o.door.Ask(o.ctx, http.MethodPost, "/v1/events", kind, body, nil, door.Timeout)
	if err != nil {
		return nil, err
	}
	if answer.Status >= 300 {
		return nil, door.ProblemOf(answer, "POST /v1/events")
	}
	var accepted struct {
		Items []item `json:"items"`
	}
	_ = json.Unmarshal(answer.Body, &accepted)
	return accepted.Items, nil
}

func (o *outbox) settle(batch []*Answer, items []item) {
	for at, answer := range batch {
		one := item{Outcome: "accepted"}
		if at < len(items) {
			one = items[at]
		}
		// Progress of an open attempt is always news to the control plane: a duplicate means that it is over.
		if one.Outcome == "duplicate" && answer.Phase == phaseProgress {
			one.Code = "attempt-over"
		}
		isOver := one.Outcome != "accepted" && overCodes[one.Code]
		o.mutex.Lock()
		if isOver {
			o.counts.Over++
		} else {
			o.counts.Sent++
		}
		o.mutex.Unlock()
		if isOver {
			o.onOver(answer.AttemptID, one.Code)
		}
	}
}

func (o *outbox) refuse(answer *Answer, problem *SlipwayProblem) {
	isOver := overCodes[problem.Code]
	o.mutex.Lock()
	if isOver {
		o.counts.Over++
	} else {
		o.counts.Refused++
	}
	o.mutex.Unlock()
	if isOver {
		o.onOver(answer.AttemptID, problem.Code)
		return
	}
	o.log.Error("an answer was refused", "attempt", answer.AttemptID, "phase", answer.Phase, "why", problem.Error())
	if instead := insteadOf(answer, problem.Error()); instead != nil {
		o.deliver([]*Answer{instead})
	}
}
