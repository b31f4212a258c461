package slipway

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"slipway.dev/sdk/internal/door"
)

const (
	// Sent and not acknowledged yet, at most; what is beyond it waits.
	unackedMax     = 1_000
	publishTimeout = 5 * time.Second
	sweepEvery     = 250 * time.Millisecond
	exceedsLimit   = 10054
)

type publishItem struct {
	answer   *Answer
	onStored func()
	failures int
	// dueAt is when it is given up (sent) or may be sent (waiting).
	dueAt time.Time
}

// publisher publishes answers into JetStream, and keeps each until the broker has it. All acknowledgements come to one inbox, with a
// number for each message. A repeat is the same event with the same id, which its receiver recognises. It outlives the connection:
// what was on its way when that broke goes out again on the next one.
type publisher struct {
	log       *slog.Logger
	onRefused func(answer *Answer, why string)
	onRoom    func()

	mutex   sync.Mutex
	conn    *nats.Conn
	inbox   string
	unacked map[int]*publishItem
	waiting []*publishItem
	// progress that is not stored yet, by attempt: newer progress waits for it, and replaces what waits.
	progress map[string]*Answer
	next     int
	counts   AnswerCounts
}

func newPublisher(ctx context.Context, log *slog.Logger) *publisher {
	p := &publisher{log: log, unacked: map[int]*publishItem{}, progress: map[string]*Answer{}}
	go func() {
		ticker := time.NewTicker(sweepEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				p.sweep()
			}
		}
	}()
	return p
}

func (p *publisher) stats() AnswerCounts {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	counts := p.counts
	counts.Waiting = len(p.unacked) + len(p.waiting)
	return counts
}

func (p *publisher) publish(answer *Answer, onStored func()) {
	p.mutex.Lock()
	if answer.Phase == phaseProgress {
		if _, isUnderWay := p.progress[answer.AttemptID]; isUnderWay {
			p.progress[answer.AttemptID] = answer
			p.mutex.Unlock()
			return
		}
		p.progress[answer.AttemptID] = nil
	}
	p.waiting = append(p.waiting, &publishItem{answer: answer, onStored: onStored})
	p.mutex.Unlock()
	p.sendWaiting()
}

func (p *publisher) connected(conn *nats.Conn) error {
	inbox := conn.NewInbox() + "."
	if _, err := conn.Subscribe(inbox+"*", p.onAck); err != nil {
		return err
	}
	p.mutex.Lock()
	p.conn, p.inbox = conn, inbox
	for _, item := range p.waiting {
		item.dueAt = time.Time{}
	}
	p.mutex.Unlock()
	p.sendWaiting()
	return nil
}

// disconnected: what is on its way will not be acknowledged. It goes out again when the connection is back.
func (p *publisher) disconnected() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.conn = nil
	for _, item := range p.unacked {
		p.waiting = append(p.waiting, item)
	}
	p.unacked = map[int]*publishItem{}
}

func (p *publisher) sendWaiting() {
	refused := map[*publishItem]string{}
	p.mutex.Lock()
	now := time.Now()
	left := make([]*publishItem, 0, len(p.waiting))
	for _, item := range p.waiting {
		if p.conn == nil || len(p.unacked) >= unackedMax || item.dueAt.After(now) {
			left = append(left, item)
			continue
		}
		number := p.next
		p.next++
		item.dueAt = now.Add(publishTimeout)
		err := p.conn.PublishRequest(item.answer.Subject, p.inbox+strconv.Itoa(number), item.answer.JSON)
		switch {
		case err == nil:
			p.unacked[number] = item
		case errors.Is(err, nats.ErrMaxPayload):
			refused[item] = err.Error()
		default:
			left = append(left, item)
		}
	}
	p.waiting = left
	isEmpty := len(left) == 0
	p.mutex.Unlock()
	for item, why := range refused {
		p.refuse(item, why)
	}
	if isEmpty {
		p.onRoom()
	}
}

func (p *publisher) onAck(message *nats.Msg) {
	p.mutex.Lock()
	own, _ := strings.CutPrefix(message.Subject, p.inbox)
	number, err := strconv.Atoi(own)
	item := p.unacked[number]
	delete(p.unacked, number)
	p.mutex.Unlock()
	if err != nil || item == nil {
		return
	}
	var ack struct {
		Stream string          `json:"stream"`
		Error  *jetStreamError `json:"error"`
	}
	isRead := json.Unmarshal(message.Data, &ack) == nil
	switch {
	case isRead && ack.Error == nil && ack.Stream != "":
		p.mutex.Lock()
		p.counts.Sent++
		p.mutex.Unlock()
		if item.onStored != nil {
			item.onStored()
		}
		p.settled(item)
	case message.Header.Get("Status") == "503":
		p.again(item, "no JetStream stream takes "+item.answer.Subject+": is the control plane running with --nats?")
	case isRead && ack.Error != nil && ack.Error.Code == exceedsLimit:
		// A limit of the stream is no passing trouble; anything else may be.
		p.refuse(item, ack.Error.Description)
	default:
		p.again(item, string(message.Data))
	}
	p.sendWaiting()
}

func (p *publisher) again(item *publishItem, why string) {
	if item.failures%10 == 0 {
		p.log.Warn("an answer was not stored: trying again", "attempt", item.answer.AttemptID, "why", why)
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	item.failures++
	p.counts.Retries++
	item.dueAt = time.Now().Add(door.Backoff(item.failures, 0))
	p.waiting = append(p.waiting, item)
}

func (p *publisher) refuse(item *publishItem, why string) {
	p.mutex.Lock()
	p.counts.Refused++
	p.mutex.Unlock()
	p.log.Error("an answer was refused", "attempt", item.answer.AttemptID, "phase", item.answer.Phase, "why", why)
	p.onRefused(item.answer, why)
	p.settled(item)
}

func (p *publisher) settled(item *publishItem) {
	if item.answer.Phase != phaseProgress {
		return
	}
	p.mutex.Lock()
	newer := p.progress[item.answer.AttemptID]
	delete(p.progress, item.answer.AttemptID)
	p.mutex.Unlock()
	if newer != nil {
		p.publish(newer, nil)
	}
}

func (p *publisher) sweep() {
	now := time.Now()
	p.mutex.Lock()
	late := []*publishItem{}
	for number, item := range p.unacked {
		if item.dueAt.Before(now) {
			delete(p.unacked, number)
			late = append(late, item)
		}
	}
	p.mutex.Unlock()
	for _, item := range late {
		p.again(item, "not acknowledged within "+publishTimeout.String())
	}
	p.sendWaiting()
}
