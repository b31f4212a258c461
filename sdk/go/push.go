package slipway

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"slipway.dev/sdk/internal/door"
)

const (
	pushBodyMax = 8 << 20
	inlineMax   = 64 << 10
	// Deliveries come one after the other and wait 10 s for their answer: one that finds no slot waits for less than that.
	slotWait = 5 * time.Second
	// Longer than any client keeps an idle connection, so that it is the client that closes it.
	keepAlive = 75 * time.Second
)

// PushOptions say where this process listens for push, and what of it the control plane is told.
type PushOptions struct {
	// Listen is HOST:PORT, default 127.0.0.1 and a free port. Whoever reaches the port can make this service work: listen elsewhere
	// only behind a fence.
	Listen string
	// URL is how the control plane reaches it, when that is another address: behind a proxy, or for replicas.
	URL string
	// Inline is how long a delivery waits for its attempt to end and takes the answer with it, before it says 202. Default 10 ms.
	Inline time.Duration
}

// pushTransport: attempts are delivered to a port of this process, by a subscription that it makes for itself. Taking a delivery is
// started; what ends quickly is answered in the response, and everything else by a POST of its own.
type pushTransport struct {
	*httpAnswers
	options  *Options
	tasks    []*Task
	worker   *worker
	server   *http.Server
	source   string
	leaving  context.Context
	left     context.CancelFunc
	mutex    sync.Mutex
	freed    chan struct{}
	isServed bool
}

func newPushTransport(tasks []*Task, o *Options, w *worker) (*pushTransport, error) {
	t := &pushTransport{options: o, tasks: tasks, worker: w, freed: make(chan struct{})}
	t.leaving, t.left = context.WithCancel(context.Background())
	answers, err := newHTTPAnswers(o, w, t.wake)
	t.httpAnswers = answers
	w.onFree = func(string) { t.wake() }
	t.server = &http.Server{
		Handler: http.HandlerFunc(t.handle), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: keepAlive,
	}
	return t, err
}

func (t *pushTransport) start() error {
	listen := t.options.Push.Listen
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	t.source = t.options.Push.URL
	if t.source == "" {
		t.source = "http://" + listener.Addr().String() + "/"
	}
	// The control plane takes the address of a subscription for the name of its service.
	t.worker.answerAs(t.source)
	t.isServed = true
	go func() { _ = t.server.Serve(listener) }()
	return t.subscribe()
}

func (t *pushTransport) leave() {
	t.left()
	t.wake()
}

func (t *pushTransport) close() {
	// An address of our own ends with us; one that was given belongs to other replicas too. Not before the answers are
	// delivered: ending the subscription gives back what is not finished.
	if t.options.Push.URL == "" && t.isServed {
		if _, err := t.door.Ask(context.Background(), http.MethodDelete, t.path(), "", nil, nil, 2*time.Second); err != nil {
			t.options.Log.Warn("the subscription was left behind", "error", err.Error())
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if t.server.Shutdown(ctx) != nil {
		_ = t.server.Close()
	}
	t.httpAnswers.close()
}

func (t *pushTransport) path() string { return "/v1/subscriptions/" + url.PathEscape(t.options.Name) }

// subscribe returns when the control plane has it, or with its refusal for good.
func (t *pushTransport) subscribe() error {
	types := []string{}
	for _, task := range t.tasks {
		types = append(types, task.name+".triggered", task.name+".cancelled")
	}
	body, err := toJSON(t.options.Filter.addTo(map[string]any{"sink": t.source, "types": types, "mode": "execute"}))
	if err != nil {
		return err
	}
	for failures := 0; t.leaving.Err() == nil; failures++ {
		answer, err := t.door.Ask(t.leaving, http.MethodPut, t.path(), "application/json", body, nil, door.Timeout)
		if err == nil && answer.Status < 300 {
			return nil
		}
		if err == nil {
			problem := door.ProblemOf(answer, "subscribing")
			if !problem.IsTransient() && !problem.IsOfProxy() {
				return problem
			}
			err = problem
		}
		if failures%20 == 0 {
			t.options.Log.Warn("could not subscribe: trying again", "service", t.options.Name, "why", err.Error())
		}
		door.Sleep(t.leaving, door.Backoff(failures, 0))
	}
	return nil
}

func (t *pushTransport) handle(response http.ResponseWriter, request *http.Request) {
	if request.Method == http.MethodGet {
		respond(response, http.StatusOK, "application/json", []byte(`{"status":"ok"}`))
		return
	}
	if request.Method != http.MethodPost {
		refuse(response, http.StatusMethodNotAllowed, "events come by POST")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(response, request.Body, pushBodyMax))
	if err != nil {
		refuse(response, http.StatusRequestEntityTooLarge, fmt.Sprintf("a request has at most %d bytes", pushBodyMax))
		return
	}
	names := make([]string, 0, len(request.Header))
	for name := range request.Header {
		names = append(names, name)
	}
	event, err := readEvent(request.Header.Get, names, body)
	if err != nil {
		refuse(response, http.StatusBadRequest, err.Error())
		return
	}
	read, cancelled := readMessage(event)
	if cancelled != "" {
		t.worker.cancel(cancelled, "the control plane cancelled it")
	}
	if read == nil {
		response.WriteHeader(http.StatusNoContent)
		return
	}
	t.take(response, request, read)
}

func (t *pushTransport) take(response http.ResponseWriter, request *http.Request, read *trigger) {
	if t.worker.tasks[read.task] == nil {
		names := make([]string, len(t.tasks))
		for at, task := range t.tasks {
			names[at] = task.name
		}
		refuse(response, http.StatusNotFound, "this service has the tasks "+strings.Join(names, ", "))
		return
	}
	if !t.slot(request.Context(), read) {
		busy(response)
		return
	}
	reply := &pushReply{channel: t.channel, response: make(chan pushed, 1), leftBehind: func(id string, reason error) { t.leftBehind(read, id, reason) }}
	if t.worker.take(read, reply) == takenRunning {
		response.WriteHeader(http.StatusAccepted)
		return
	}
	inline := t.options.Push.Inline
	if inline == 0 {
		inline = 10 * time.Millisecond
	}
	told := reply.within(inline)
	switch {
	case told.status == http.StatusServiceUnavailable:
		busy(response)
	case told.body != nil:
		respond(response, told.status, "application/cloudevents+json", told.body)
	default:
		response.WriteHeader(told.status)
	}
}

// slot waits for a free slot and room for the answer. An attempt that runs already needs none.
func (t *pushTransport) slot(ctx context.Context, read *trigger) bool {
	ctx, cancel := context.WithTimeout(ctx, slotWait)
	defer cancel()
	for t.leaving.Err() == nil {
		t.mutex.Lock()
		freed := t.freed
		t.mutex.Unlock()
		if t.worker.isRunning(read.id) || (t.worker.freeSlots(read.task) > 0 && t.outbox.room() > 0) {
			return true
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return false
		}
	}
	return false
}

func (t *pushTransport) wake() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	close(t.freed)
	t.freed = make(chan struct{})
}

// leftBehind: it was taken, so no other replica gets it, because there is no lease that could lapse. Say that it may be tried again.
func (t *pushTransport) leftBehind(read *trigger, attemptID string, reason error) {
	if isCancelled(reason) {
		return
	}
	message := fmt.Sprintf("attempt %s: %v", attemptID, reason)
	data := read.whereabouts()
	data["status"], data["result"], data["message"] = Errored, Fail, message
	data["error"] = TaskError{Code: "SERVICE_ENDED", Message: message}
	if answer, err := read.answer(phaseFinished, t.source, data); err == nil {
		t.outbox.send(answer)
	}
}

type pushed struct {
	status int
	body   []byte
}

// pushReply is the response to one delivery: it takes the answer along when that comes in time.
type pushReply struct {
	channel    channel
	leftBehind func(attemptID string, reason error)
	mutex      sync.Mutex
	isOver     bool
	response   chan pushed
}

func (r *pushReply) within(inline time.Duration) pushed {
	select {
	case told := <-r.response:
		return told
	case <-time.After(inline):
		r.respond(pushed{status: http.StatusAccepted})
		return <-r.response
	}
}

func (r *pushReply) respond(told pushed) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.isOver {
		return false
	}
	r.isOver = true
	r.response <- told
	return true
}

func (r *pushReply) send(answer *Answer) {
	if answer.Phase == phaseFinished {
		// Of a longer response only the status would count.
		if len(answer.JSON) <= inlineMax && r.respond(pushed{http.StatusOK, answer.JSON}) {
			return
		}
		r.respond(pushed{status: http.StatusAccepted})
	}
	r.channel.send(answer)
}

func (r *pushReply) dropped(attemptID string, reason error) {
	// Not said to be taken yet: it is delivered again.
	if !r.respond(pushed{status: http.StatusServiceUnavailable}) {
		r.leftBehind(attemptID, reason)
	}
}

func respond(response http.ResponseWriter, status int, kind string, body []byte) {
	response.Header().Set("Content-Type", kind)
	response.WriteHeader(status)
	_, _ = response.Write(body)
}

func refuse(response http.ResponseWriter, status int, detail string) {
	body, err := json.Marshal(Problem{Type: "about:blank", Title: "Refused", Status: status, Detail: detail})
	if err != nil {
		body = nil
	}
	respond(response, status, "application/problem+json", body)
}

func busy(response http.ResponseWriter) {
	response.Header().Set("Retry-After", "1")
	refuse(response, http.StatusServiceUnavailable, "busy, or about to end")
}
