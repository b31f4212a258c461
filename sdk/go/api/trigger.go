package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// The control plane takes no larger event; some room is left for what else is in it.
const eventBytesMax = 1_000_000

// TriggerRequest says which sequence to start.
type TriggerRequest struct {
	// Project defaults to default.
	Project, Stage, Sequence string
	// Service is what is being worked on.
	Service string
	Data    map[string]any
	Labels  map[string]string
	// ID: the same from the same source starts nothing twice. Default: a new one.
	ID string
	// CorrelationID joins the run to a context that exists.
	CorrelationID string
	Traceparent   string
	// Wait waits so long for the run's end.
	Wait time.Duration
}

// Triggered is the run that was started; State and what follows it only when it was waited for and ended in time.
type Triggered struct {
	Run           string
	CorrelationID string
	// IsNew is false when this id had been sent before.
	IsNew                          bool
	State, Result, Status, Message string
	Output                         any
}

// Trigger starts a sequence.
func (c *Client) Trigger(ctx context.Context, asked TriggerRequest) (Triggered, error) {
	if asked.Project == "" {
		asked.Project = "default"
	}
	if asked.ID == "" {
		bytes := make([]byte, 16)
		_, _ = rand.Read(bytes)
		asked.ID = hex.EncodeToString(bytes)
	}
	data := map[string]any{}
	for name, value := range asked.Data {
		data[name] = value
	}
	data["project"], data["stage"] = asked.Project, asked.Stage
	if asked.Service != "" {
		data["service"] = asked.Service
	}
	if asked.Labels != nil {
		data["labels"] = asked.Labels
	}
	event := map[string]any{
		"specversion": "1.0", "id": asked.ID, "source": c.Source, "type": asked.Stage + "." + asked.Sequence + ".triggered",
		"time": time.Now().UTC().Format(time.RFC3339Nano), "datacontenttype": "application/json", "data": data,
	}
	for name, value := range map[string]string{"correlationid": asked.CorrelationID, "traceparent": asked.Traceparent} {
		if value != "" {
			event[name] = value
		}
	}
	if err := c.smallEnough(ctx, event, data); err != nil {
		return Triggered{}, err
	}
	sent := request{method: http.MethodPost, path: "/v1/events", body: event, kind: "application/cloudevents+json"}
	if asked.Wait > 0 {
		sent.header = map[string]string{"Prefer": fmt.Sprintf("wait=%g", asked.Wait.Seconds())}
		sent.timeout = asked.Wait + 15*time.Second
	}
	var answer struct {
		Items                                              []struct{ Run, Correlationid, Outcome, Code string }
		Run, Correlationid, State, Result, Status, Message string
		Output                                             any
	}
	if err := c.ask(ctx, sent, &answer); err != nil {
		return Triggered{}, err
	}
	if answer.Items == nil {
		return Triggered{answer.Run, answer.Correlationid, true, answer.State, answer.Result, answer.Status, answer.Message, answer.Output}, nil
	}
	if len(answer.Items) == 0 || answer.Items[0].Run == "" {
		return Triggered{}, fmt.Errorf("the server took the trigger %s and named no run for it", asked.ID)
	}
	item := answer.Items[0]
	return Triggered{Run: item.Run, CorrelationID: item.Correlationid, IsNew: item.Outcome == "accepted"}, nil
}

// smallEnough stores the data of an event that is too large.
func (c *Client) smallEnough(ctx context.Context, event, data map[string]any) error {
	text, err := json.Marshal(event)
	if err != nil || len(text) <= eventBytesMax {
		return err
	}
	put, err := c.PutData(ctx, data)
	if err != nil {
		return err
	}
	kept := map[string]any{}
	for _, name := range []string{"project", "stage", "service"} {
		if value, isThere := data[name]; isThere {
			kept[name] = value
		}
	}
	event["dataref"], event["data"] = put.Dataref, kept
	return nil
}
