package slipway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"slipway.dev/sdk/internal/door"
)

const (
	dataPrefix = "/v1/data/"
	// The control plane takes no larger event; some room is left for what else is in it.
	eventBytesMax = 1_000_000
	dataTimeout   = time.Minute
	refusedCode   = "ANSWER_REFUSED"
)

// A channel is the way back for the answers of an attempt.
type channel interface {
	// send takes an answer for delivery, and keeps it until it is delivered.
	send(answer *Answer)
	// dropped: the attempt ended without an answer, because it was cancelled or because the service ends before its handler did.
	dropped(attemptID string, reason error)
}

// isReference says whether the data of an event are with the control plane and not in it.
func isReference(event CloudEvent) bool {
	return strings.HasPrefix(textOf(event["dataref"]), dataPrefix)
}

// fetchData puts the data of an event in place.
func fetchData(ctx context.Context, d *door.Door, event CloudEvent) (CloudEvent, error) {
	answer, err := d.Ask(ctx, http.MethodGet, textOf(event["dataref"]), "", nil, nil, dataTimeout)
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK {
		return nil, door.ProblemOf(answer, "data of "+textOf(event["id"]))
	}
	var data any
	if err := json.Unmarshal(answer.Body, &data); err != nil {
		return nil, err
	}
	whole := CloudEvent{}
	for name, value := range event {
		if name != "dataref" {
			whole[name] = value
		}
	}
	whole["data"] = data
	return whole, nil
}

// putData stores the data of an event, and returns the event that names them.
func putData(ctx context.Context, d *door.Door, text []byte) ([]byte, error) {
	var event CloudEvent
	if err := json.Unmarshal(text, &event); err != nil {
		return nil, err
	}
	data, _ := event["data"].(map[string]any)
	body, err := toJSON(data)
	if err != nil {
		return nil, err
	}
	answer, err := d.Ask(ctx, http.MethodPost, "/v1/data", "application/json", body, nil, dataTimeout)
	if err != nil {
		return nil, err
	}
	var put struct {
		Dataref string `json:"dataref"`
	}
	if answer.Status != http.StatusCreated || json.Unmarshal(answer.Body, &put) != nil || put.Dataref == "" {
		return nil, door.ProblemOf(answer, "data of "+textOf(event["id"]))
	}
	event["dataref"], event["data"] = put.Dataref, keep(data, "project", "stage", "service", "status", "result")
	return toJSON(event)
}

func keep(data map[string]any, names ...string) map[string]any {
	kept := map[string]any{}
	for _, name := range names {
		if value, isThere := data[name]; isThere {
			kept[name] = value
		}
	}
	return kept
}

// insteadOf is what is sent when a finished event is refused for good; nil when that is such an answer already. An output that is
// too large or too deep would be refused again and again, and the run would wait for it for ever.
func insteadOf(answer *Answer, why string) *Answer {
	var event CloudEvent
	if answer.Phase != phaseFinished || json.Unmarshal(answer.JSON, &event) != nil {
		return nil
	}
	data, _ := event["data"].(map[string]any)
	if told, _ := data["error"].(map[string]any); told["code"] == refusedCode {
		return nil
	}
	message := cut("the control plane refused the answer: " + why)
	event["id"] = answer.AttemptID + ".refused." + randomText(6)
	instead := keep(data, "project", "stage", "service")
	instead["status"], instead["result"], instead["message"] = Errored, Fail, message
	instead["error"] = map[string]any{"code": refusedCode, "message": message, "retryable": false}
	event["data"] = instead
	delete(event, "dataref")
	text, err := toJSON(event)
	if err != nil {
		return nil
	}
	return &Answer{ID: textOf(event["id"]), AttemptID: answer.AttemptID, Phase: answer.Phase, Subject: answer.Subject, JSON: text}
}

// byReference is a channel that stores the data of answers that are too large for an event, and passes all of them on.
type byReference struct {
	channel
	ctx       context.Context
	door      *door.Door
	log       *slog.Logger
	bytesMax  func() int
	onRefused func(answer *Answer, why string)
	mutex     sync.Mutex
	underWay  int
}

func (r *byReference) send(answer *Answer) {
	if len(answer.JSON) <= r.bytesMax() {
		r.channel.send(answer)
		return
	}
	r.count(1)
	go func() {
		defer r.count(-1)
		r.bring(answer)
	}()
}

func (r *byReference) count(change int) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.underWay += change
}

func (r *byReference) waiting() int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.underWay
}

func (r *byReference) bring(answer *Answer) {
	for failures := 0; r.ctx.Err() == nil; failures++ {
		text, err := putData(r.ctx, r.door, answer.JSON)
		if err == nil {
			with := *answer
			with.JSON = text
			r.channel.send(&with)
			return
		}
		var (
			problem     *SlipwayProblem
			unreachable *ServerUnreachable
			pause       time.Duration
		)
		if errors.As(err, &problem) && problem.IsTransient() {
			pause = problem.RetryAfter()
		} else if !errors.As(err, &unreachable) {
			r.onRefused(answer, err.Error())
			return
		}
		if failures%10 == 0 {
			r.log.Warn("large data could not be delivered: trying again", "attempt", answer.AttemptID, "why", err.Error())
		}
		door.Sleep(r.ctx, door.Backoff(failures, pause))
	}
}

var errNoEvent = errors.New("the body is no CloudEvent: it is a JSON object with the texts id, source, type and specversion")

// readEvent reads an event in structured or in binary mode.
func readEvent(header func(string) string, names []string, body []byte) (CloudEvent, error) {
	kind, _, _ := strings.Cut(strings.ToLower(header("Content-Type")), ";")
	if strings.TrimSpace(kind) == "application/cloudevents-batch+json" {
		return nil, errors.New("one event at a time")
	}
	event := CloudEvent{}
	if strings.TrimSpace(kind) != "application/cloudevents+json" && header("Ce-Specversion") != "" {
		for _, name := range names {
			if attribute, ok := strings.CutPrefix(strings.ToLower(name), "ce-"); ok {
				event[attribute] = unquoted(header(name))
			}
		}
		var data any
		if len(body) > 0 && json.Unmarshal(body, &data) == nil {
			event["data"] = data
		}
	} else if err := json.Unmarshal(body, &event); err != nil {
		return nil, errNoEvent
	}
	if !isEvent(event) {
		return nil, errNoEvent
	}
	if version := textOf(event["specversion"]); version != "1.0" {
		return nil, fmt.Errorf("specversion is %q, and must be 1.0", version)
	}
	return event, nil
}
