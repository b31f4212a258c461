package slipway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"slipway.dev/sdk/internal/door"
)

const (
	outStream    = "SLIPWAY_OUT"
	helloSubject = "slipway-hello"
	helloEvery   = 10 * time.Second
	ackWait      = 30 * time.Second
	busyDelay    = 200 * time.Millisecond
	fetchRetry   = 2 * time.Second
	// For headers, and what else is in an event besides its data.
	eventRoom = 64 << 10
	// The pause between two tries stays below 2 s.
	natsFailuresMax = 4
	// Deliveries of one attempt that are remembered.
	deliveriesMax = 8
	natsClose     = 2 * time.Second

	streamNotFound   = 10059
	consumerNotFound = 10014
	consumerExists   = 10148
	durableExists    = 10013
)

// NatsOptions say where NATS is, and what it takes to connect.
type NatsOptions struct {
	// Servers is nats://[user:password@|token@]host:port, several with commas. Default nats://127.0.0.1:4222.
	Servers string
	// CredentialsFile and CAFile are paths.
	CredentialsFile, CAFile string
	// InboxPrefix is the prefix under which the user may subscribe.
	InboxPrefix string
	// Keptn and Plain say which spelling to listen for; both when neither is set.
	Keptn, Plain bool
}

type natsSource struct{ task, durable, triggered, cancelled string }

// natsTransport has a durable pull consumer for each task and spelling, which replicas share. A message is acked when the finished
// event of its attempt is stored, kept alive while the handler runs, and given back when the service ends first. A connection that
// breaks is replaced: acks of one connection mean nothing on the next one, and its messages come again by themselves.
type natsTransport struct {
	options   *Options
	worker    *worker
	door      *door.Door
	ctx       context.Context
	cancel    context.CancelFunc
	leaving   context.Context
	left      context.CancelFunc
	publisher *publisher
	channel   *byReference
	sources   []natsSource
	connected chan error
	ended     chan struct{}

	mutex   sync.Mutex
	session *natsSession
	isReady bool
}

func newNatsTransport(tasks []*Task, o *Options, w *worker) (*natsTransport, error) {
	d, err := door.New(o.Server, o.Token, 0)
	if err != nil {
		return nil, err
	}
	t := &natsTransport{options: o, worker: w, door: d, connected: make(chan error, 1), ended: make(chan struct{})}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.leaving, t.left = context.WithCancel(context.Background())
	t.publisher = newPublisher(t.ctx, o.Log)
	t.publisher.onRefused = t.onRefused
	t.publisher.onRoom = func() { t.ask("") }
	t.channel = &byReference{channel: publishing{t}, ctx: t.ctx, door: d, log: o.Log, bytesMax: t.bytesMax, onRefused: t.onRefused}
	for _, task := range tasks {
		for _, dialect := range dialectsOf(o.Nats) {
			t.sources = append(t.sources, sourceOf(o, task.name, dialect))
		}
	}
	w.onFree = t.ask
	return t, nil
}

func dialectsOf(o NatsOptions) []string {
	if o.Keptn == o.Plain {
		return []string{"plain", "keptn"}
	}
	if o.Keptn {
		return []string{"keptn"}
	}
	return []string{"plain"}
}

var notInDurable = regexp.MustCompile(`[^A-Za-z0-9-]`)

func sourceOf(o *Options, task, dialect string) natsSource {
	parts, subject := []string{o.Name, task, dialect}, keptnPrefix+task
	if dialect == "plain" {
		project := "*"
		if o.Filter.Project != "" {
			project = o.Filter.Project
			parts = append(parts, project)
		}
		subject = "slipway." + project + "." + task
	}
	for at, part := range parts {
		parts[at] = notInDurable.ReplaceAllString(part, "-")
	}
	return natsSource{task, strings.Join(parts, "_"), subject + ".triggered", subject + ".cancelled"}
}

func (t *natsTransport) start() error {
	go t.stayConnected()
	select {
	case err := <-t.connected:
		return err
	case <-t.leaving.Done():
		return nil
	}
}

func (t *natsTransport) leave() {
	t.left()
	// What the broker has sent until now arrives before this returns, and is given back.
	if session := t.current(); session != nil {
		session.stopPulling()
	}
}

func (t *natsTransport) flush(within time.Duration) bool {
	deadline := time.Now().Add(within)
	for t.channel.waiting() > 0 || t.publisher.stats().Waiting > 0 {
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(5 * time.Millisecond)
	}
	return true
}

func (t *natsTransport) close() {
	session := t.current()
	if session != nil {
		// Acks are on their way to the socket: let them arrive.
		_ = session.conn.FlushTimeout(natsClose)
	}
	t.cancel()
	if session != nil {
		session.conn.Close()
	}
	select {
	case <-t.ended:
	case <-time.After(natsClose):
	}
	t.door.Close()
}

func (t *natsTransport) stats() AnswerCounts {
	counts := t.publisher.stats()
	counts.Waiting += t.channel.waiting()
	return counts
}

func (t *natsTransport) send(answer *Answer) { t.channel.send(answer) }

func (t *natsTransport) dropped(attemptID string, reason error) {
	if isCancelled(reason) {
		t.end(attemptID, nil)
	} else {
		t.end(attemptID, nak(0))
	}
}

// publishing is the publisher as a channel.
type publishing struct{ t *natsTransport }

func (p publishing) send(answer *Answer) {
	var onStored func()
	if answer.Phase == phaseFinished {
		onStored = func() { p.t.end(answer.AttemptID, nil) }
	}
	p.t.publisher.publish(answer, onStored)
}

func (p publishing) dropped(string, error) {}

func (t *natsTransport) current() *natsSession {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.session
}

// stayConnected connects, and connects again when the connection breaks, until it is closed.
func (t *natsTransport) stayConnected() {
	defer close(t.ended)
	servers := strings.Split(t.options.Nats.Servers, ",")
	for failures := 0; t.ctx.Err() == nil; {
		broken := make(chan struct{})
		conn, err := t.dial(strings.TrimSpace(servers[failures%len(servers)]), broken)
		if err != nil {
			if errors.Is(err, nats.ErrAuthorization) && !t.isReady {
				t.connected <- err
				return
			}
			if t.leaving.Err() != nil && !t.isReady {
				return
			}
			if failures%20 == 0 {
				t.options.Log.Warn("no NATS server answers: trying again", "error", err.Error())
			}
			door.Sleep(t.ctx, door.Backoff(min(failures, natsFailuresMax), 0))
			failures++
			continue
		}
		failures = 0
		t.use(conn, broken)
		if t.leaving.Err() == nil {
			t.options.Log.Warn("lost the connection to NATS: coming back by itself")
		}
	}
}

func (t *natsTransport) dial(server string, broken chan struct{}) (*nats.Conn, error) {
	o := t.options.Nats
	var once sync.Once
	settings := []nats.Option{
		nats.Name(t.options.Name), nats.Timeout(5 * time.Second), nats.NoReconnect(), nats.PingInterval(10 * time.Second),
		nats.MaxPingsOutstanding(2), nats.ClosedHandler(func(*nats.Conn) { once.Do(func() { close(broken) }) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { t.options.Log.Warn("NATS", "error", err.Error()) }),
	}
	if o.CredentialsFile != "" {
		settings = append(settings, nats.UserCredentials(o.CredentialsFile))
	}
	if o.CAFile != "" {
		settings = append(settings, nats.RootCAs(o.CAFile))
	}
	if o.InboxPrefix != "" {
		settings = append(settings, nats.CustomInboxPrefix(o.InboxPrefix))
	}
	return nats.Connect(server, settings...)
}

// use returns when the connection breaks.
func (t *natsTransport) use(conn *nats.Conn, broken chan struct{}) {
	session := newNatsSession(conn)
	t.mutex.Lock()
	t.session = session
	t.mutex.Unlock()
	defer func() {
		t.publisher.disconnected()
		session.stopPulling()
		t.mutex.Lock()
		t.session = nil
		t.mutex.Unlock()
		conn.Close()
	}()
	if err := t.publisher.connected(conn); err != nil {
		return
	}
	for _, source := range t.sources {
		if _, err := conn.Subscribe(source.cancelled, t.onCancelled); err != nil {
			return
		}
	}
	pulse := time.NewTicker(time.Second)
	defer pulse.Stop()
	t.restore(session, broken)
	hello, working := time.Now(), time.Now()
	for {
		select {
		case <-broken:
			return
		case <-t.ctx.Done():
			return
		case <-session.gone:
			t.restore(session, broken)
		case now := <-pulse.C:
			if now.Sub(working) >= ackWait/3 {
				working = now
				session.stillWorking()
			}
			if now.Sub(hello) >= helloEvery && t.leaving.Err() == nil {
				hello = now
				t.hello(conn)
			}
		}
	}
}

// restore waits until every consumer is there; then it asks for work, and says hello.
func (t *natsTransport) restore(session *natsSession, broken chan struct{}) {
	session.stopPulling()
	for failures := 0; t.leaving.Err() == nil; failures++ {
		err := t.ensureAll(session.conn)
		if err == nil {
			break
		}
		if failures%20 == 0 {
			t.options.Log.Warn("waiting for JetStream", "why", err.Error())
		}
		select {
		case <-broken:
			return
		case <-t.leaving.Done():
		case <-time.After(door.Backoff(min(failures, natsFailuresMax), 0)):
		}
	}
	if t.leaving.Err() != nil {
		return
	}
	for _, source := range t.sources {
		if err := session.pull(source, func() int { return t.free(source.task) }, t.onMessage); err != nil {
			return
		}
	}
	t.hello(session.conn)
	if !t.isReady {
		t.isReady = true
		t.connected <- nil
	}
}

func (t *natsTransport) ensureAll(conn *nats.Conn) error {
	for _, source := range t.sources {
		if err := ensureDurable(conn, source.durable, source.triggered); err != nil {
			return err
		}
	}
	return nil
}

type jetStreamError struct {
	Code        int    `json:"err_code"`
	Description string `json:"description"`
}

func (e *jetStreamError) Error() string { return e.Description }

func askJetStream(conn *nats.Conn, subject string, body any) error {
	var text []byte
	if body != nil {
		made, err := toJSON(body)
		if err != nil {
			return err
		}
		text = made
	}
	message, err := conn.Request("$JS.API."+subject, text, 5*time.Second)
	if err != nil {
		return err
	}
	var answer struct {
		Error *jetStreamError `json:"error"`
	}
	if err := json.Unmarshal(message.Data, &answer); err != nil {
		return err
	}
	if answer.Error != nil {
		return answer.Error
	}
	return nil
}

// ensureDurable makes the durable consumer that the replicas of a service share, or finds it. A new one begins with what comes from
// now on: what is open already is offered again by the control plane when it hears the service's hello.
func ensureDurable(conn *nats.Conn, durable, subject string) error {
	err := askJetStream(conn, "CONSUMER.INFO."+outStream+"."+durable, nil)
	var told *jetStreamError
	if errors.As(err, &told) && told.Code == consumerNotFound {
		err = askJetStream(conn, "CONSUMER.CREATE."+outStream+"."+durable+"."+subject, map[string]any{
			"stream_name": outStream, "action": "create",
			"config": map[string]any{
				"name": durable, "durable_name": durable, "filter_subject": subject, "ack_policy": "explicit",
				"deliver_policy": "new", "ack_wait": ackWait.Nanoseconds(), "max_ack_pending": 5000,
				// Whether an attempt is given up is the control plane's decision.
				"max_deliver": -1,
			},
		})
		if errors.As(err, &told) && (told.Code == consumerExists || told.Code == durableExists) {
			return nil // Another replica was faster.
		}
	}
	if errors.As(err, &told) && told.Code == streamNotFound {
		return errors.New("the stream SLIPWAY_OUT is not there: the control plane makes it when it runs with --nats")
	}
	return err
}

func (t *natsTransport) hello(conn *nats.Conn) {
	names := make([]string, 0, len(t.worker.tasks))
	for name := range t.worker.tasks {
		names = append(names, name)
	}
	hello := map[string]any{"source": t.options.Source, "tasks": names, "way": "nats", "at": time.Now().UnixMilli()}
	if t.options.Version != "" {
		hello["version"] = t.options.Version
	}
	if text, err := toJSON(hello); err == nil {
		_ = conn.Publish(helloSubject, text) // The connection may just break: the next one says it again.
	}
}

func (t *natsTransport) bytesMax() int {
	if session := t.current(); session != nil {
		return min(eventBytesMax, int(session.conn.MaxPayload())-eventRoom)
	}
	return eventBytesMax - eventRoom
}

func (t *natsTransport) free(task string) int {
	if t.stats().Waiting >= t.options.queueMax() {
		return 0
	}
	return t.worker.freeSlots(task)
}

func (t *natsTransport) ask(task string) {
	if session := t.current(); session != nil {
		session.ask(task)
	}
}

func (t *natsTransport) onCancelled(message *nats.Msg) {
	event, err := eventOf(message)
	if err != nil {
		return
	}
	if _, cancelled := readMessage(event); cancelled != "" {
		t.worker.cancel(cancelled, "the control plane cancelled it")
	}
}

func eventOf(message *nats.Msg) (CloudEvent, error) {
	header := http.Header{}
	names := []string{}
	for name, values := range message.Header {
		header.Set(name, values[0])
		names = append(names, name)
	}
	return readEvent(header.Get, names, message.Data)
}

func (t *natsTransport) onMessage(session *natsSession, message *nats.Msg) {
	event, err := eventOf(message)
	if err != nil {
		t.options.Log.Error("a message is no CloudEvent: left alone for good", "subject", message.Subject, "why", err.Error())
		session.respond(message, []byte("+TERM"))
		return
	}
	if !isReference(event) {
		t.onEvent(session, message, event)
		return
	}
	// The data are with the control plane. While they come the broker waits, as it does for a handler.
	go func() {
		whole, err := fetchData(t.ctx, t.door, event)
		if err != nil {
			t.options.Log.Warn("the data of an event could not be fetched: it comes again", "id", event["id"], "error", err.Error())
			session.respond(message, nak(fetchRetry))
			return
		}
		t.onEvent(session, message, whole)
	}()
}

func (t *natsTransport) onEvent(session *natsSession, message *nats.Msg, event CloudEvent) {
	read, _ := readMessage(event)
	if read == nil || !t.options.Filter.matches(read.data) {
		session.respond(message, nil)
		return
	}
	isLeaving := t.leaving.Err() != nil
	if !t.worker.isRunning(read.id) && (isLeaving || t.worker.freeSlots(read.task) == 0) {
		delay := busyDelay
		if isLeaving {
			delay = 0
		}
		session.respond(message, nak(delay))
		return
	}
	// Before the worker has it: an answer from the ledger comes at once.
	session.delivered(read.id, message)
	if read.keptn && !t.worker.isRunning(read.id) {
		// Services written for Keptn always say both, and listeners may count on it.
		t.tellStarted(read)
	}
	switch t.worker.take(read, t) {
	case takenStarted:
		if !read.keptn {
			// Unless it ends at once: finished alone says both.
			time.AfterFunc(5*time.Millisecond, func() {
				if t.worker.isRunning(read.id) {
					t.tellStarted(read)
				}
			})
		}
	case takenUnknown:
		session.end(read.id, nil)
	}
}

func (t *natsTransport) tellStarted(read *trigger) {
	if answer, err := read.answer(phaseStarted, t.options.Source, read.startedData()); err == nil {
		t.publisher.publish(answer, nil)
	}
}

func (t *natsTransport) onRefused(answer *Answer, why string) {
	if instead := insteadOf(answer, why); instead != nil {
		t.send(instead)
	} else if answer.Phase == phaseFinished {
		t.end(answer.AttemptID, nil)
	}
}

func (t *natsTransport) end(attemptID string, payload []byte) {
	if session := t.current(); session != nil {
		session.end(attemptID, payload)
	}
}

func nak(delay time.Duration) []byte {
	if delay == 0 {
		return []byte("-NAK")
	}
	return fmt.Appendf(nil, `-NAK {"delay":%d}`, delay.Nanoseconds())
}
