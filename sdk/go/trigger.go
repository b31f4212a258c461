package slipway

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// CloudEvent is an event with its attributes and its data by name.
type CloudEvent map[string]any

const keptnPrefix = "sh.keptn.event."

var taskName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Filter says which projects, stages and services a task service works for; all where a field is empty.
type Filter struct{ Project, Stage, Service string }

func (f Filter) matches(data map[string]any) bool {
	return (f.Project == "" || f.Project == projectOf(data)) &&
		(f.Stage == "" || f.Stage == textOf(data["stage"])) &&
		(f.Service == "" || f.Service == textOf(data["service"]))
}

func (f Filter) addTo(members map[string]any) map[string]any {
	for name, value := range map[string]string{"project": f.Project, "stage": f.Stage, "service": f.Service} {
		if value != "" {
			members[name] = value
		}
	}
	return members
}

// A trigger is a `<task>.triggered` event, read: one attempt of one task.
type trigger struct {
	event         CloudEvent
	id            string
	keptn         bool
	task          string
	data          map[string]any
	correlationID string
	// heartbeat is the silence that the shipyard allows between signs of life; 0 when it sets no limit.
	heartbeat time.Duration
}

// readMessage says what an event asks of a task service: a trigger, the id of a cancelled attempt, or neither.
func readMessage(event CloudEvent) (*trigger, string) {
	kind := textOf(event["type"])
	plain, keptn := strings.CutPrefix(kind, keptnPrefix)
	parts := strings.Split(plain, ".")
	if len(parts) != 2 || parts[0] == "" {
		return nil, ""
	}
	switch parts[1] {
	case "cancelled":
		return nil, firstText(event["causationid"], event["triggeredid"])
	case "triggered":
		data, _ := event["data"].(map[string]any)
		if data == nil {
			data = map[string]any{}
		}
		id := textOf(event["id"])
		return &trigger{
			event: event, id: id, keptn: keptn, task: parts[0], data: data,
			correlationID: firstText(event["correlationid"], event["shkeptncontext"], id),
			heartbeat:     heartbeatOf(event["heartbeatms"]),
		}, ""
	}
	return nil, ""
}

// heartbeatOf reads a number, or its digits where the event came in headers.
func heartbeatOf(value any) time.Duration {
	ms, ok := value.(float64)
	if text, isText := value.(string); isText {
		read, err := strconv.ParseFloat(text, 64)
		ms, ok = read, err == nil
	}
	if !ok || !(ms > 0) || ms > 1e12 {
		return 0
	}
	return time.Duration(ms * float64(time.Millisecond))
}

func isEvent(event CloudEvent) bool {
	return textOf(event["id"]) != "" && textOf(event["type"]) != ""
}

func projectOf(data map[string]any) string { return firstText(data["project"], "default") }

func textOf(value any) string {
	text, _ := value.(string)
	return text
}

func firstText(values ...any) string {
	for _, value := range values {
		if text := textOf(value); text != "" {
			return text
		}
	}
	return ""
}

var attemptID = regexp.MustCompile(`^([^.]+)\.(.+)\.([1-9][0-9]{0,5})$`)

// place is the run that an attempt belongs to, and which attempt it is; Keptn's own events name neither.
func (t *trigger) place() (string, int) {
	if found := attemptID.FindStringSubmatch(t.id); found != nil {
		number, _ := strconv.Atoi(found[3])
		return found[1], number
	}
	return firstText(t.event["subject"], t.correlationID), 1
}

// whereabouts is where an answer belongs, as Keptn's services repeat it.
func (t *trigger) whereabouts() map[string]any {
	where := map[string]any{"project": projectOf(t.data)}
	for _, name := range []string{"stage", "service"} {
		if t.data[name] != nil {
			where[name] = t.data[name]
		}
	}
	if t.keptn && t.data["labels"] != nil {
		where["labels"] = t.data["labels"]
	}
	return where
}

// startedData is what a started event says. Keptn's services repeat what the trigger said of the task before.
func (t *trigger) startedData() map[string]any {
	where := t.whereabouts()
	if t.keptn {
		where["status"] = "succeeded"
		for _, name := range []string{"result", "message"} {
			if text := textOf(t.data[name]); text != "" {
				where[name] = text
			}
		}
	}
	return where
}

// Answer is an event that answers a trigger, as it goes out.
type Answer struct {
	ID        string `json:"id"`
	AttemptID string `json:"attemptId"`
	// Phase is started, status.changed or finished.
	Phase string `json:"phase"`
	// Subject is the NATS subject that it travels on.
	Subject string `json:"subject"`
	// JSON is the CloudEvent.
	JSON json.RawMessage `json:"json"`
}

const (
	phaseStarted  = "started"
	phaseProgress = "status.changed"
	phaseFinished = "finished"
)

func (t *trigger) answer(phase, source string, data map[string]any) (*Answer, error) {
	// It begins as the attempt's own id does, so that the control plane finds the run without an index.
	id := t.id + "." + phase + "." + randomText(6)
	kind, subject := t.task+"."+phase, "slipway."+projectOf(t.data)+"."+t.task+"."+phase
	event := CloudEvent{
		"specversion": "1.0", "id": id, "source": source, "datacontenttype": "application/json",
		"time": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), "data": data,
	}
	if t.keptn {
		kind = keptnPrefix + kind
		subject = kind
		event["shkeptncontext"], event["triggeredid"], event["shkeptnspecversion"] = t.correlationID, t.id, "latest"
	} else {
		event["correlationid"], event["causationid"] = t.correlationID, t.id
	}
	event["type"] = kind
	for _, name := range []string{"subject", "traceparent", "tracestate"} {
		if t.event[name] != nil {
			event[name] = t.event[name]
		}
	}
	text, err := toJSON(event)
	if err != nil {
		return nil, err
	}
	return &Answer{ID: id, AttemptID: t.id, Phase: phase, Subject: subject, JSON: text}, nil
}

// toJSON leaves <, > and & as they are.
func toJSON(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

func randomText(count int) string {
	bytes := make([]byte, count)
	_, _ = rand.Read(bytes)
	return hex.EncodeToString(bytes)
}
