package slipway

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	pullExpires   = 30 * time.Second
	pullHeartbeat = 5 * time.Second
	// Nothing heard for so long: the request is lost.
	pullSilence = pullHeartbeat * 5 / 2
	pullRetry   = 250 * time.Millisecond
)

// natsSession lives as long as one connection: its consumers, and the messages that came by it.
type natsSession struct {
	conn *nats.Conn
	// gone: a consumer is not there, or no longer.
	gone       chan struct{}
	mutex      sync.Mutex
	pullers    []*puller
	deliveries map[string][]*nats.Msg
}

func newNatsSession(conn *nats.Conn) *natsSession {
	return &natsSession{conn: conn, gone: make(chan struct{}, 1), deliveries: map[string][]*nats.Msg{}}
}

func (s *natsSession) pull(source natsSource, free func() int, onMessage func(*natsSession, *nats.Msg)) error {
	p := &puller{session: s, source: source, free: free, onMessage: onMessage, open: map[int]int{}, inbox: s.conn.NewInbox() + ".", done: make(chan struct{})}
	subscription, err := s.conn.Subscribe(p.inbox+"*", p.handle)
	if err != nil {
		return err
	}
	p.subscription = subscription
	s.mutex.Lock()
	s.pullers = append(s.pullers, p)
	s.mutex.Unlock()
	go p.watch()
	p.ask()
	return nil
}

// stopPulling is for good. What is under way is handed over before it returns.
func (s *natsSession) stopPulling() {
	s.mutex.Lock()
	pullers := s.pullers
	s.pullers = nil
	s.mutex.Unlock()
	for _, p := range pullers {
		p.stop()
	}
}

func (s *natsSession) ask(task string) {
	s.mutex.Lock()
	pullers := append([]*puller(nil), s.pullers...)
	s.mutex.Unlock()
	for _, p := range pullers {
		if task == "" || task == p.source.task {
			p.ask()
		}
	}
}

// delivered remembers a message from delivery to ack. There are several when the control plane offered an attempt again that runs.
func (s *natsSession) delivered(attemptID string, message *nats.Msg) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	messages := append(s.deliveries[attemptID], message)
	s.deliveries[attemptID] = messages[max(0, len(messages)-deliveriesMax):]
}

func (s *natsSession) end(attemptID string, payload []byte) {
	s.mutex.Lock()
	messages := s.deliveries[attemptID]
	delete(s.deliveries, attemptID)
	s.mutex.Unlock()
	for _, message := range messages {
		s.respond(message, payload)
	}
}

func (s *natsSession) stillWorking() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, messages := range s.deliveries {
		for _, message := range messages {
			s.respond(message, []byte("+WPI"))
		}
	}
}

// respond: nothing is an ack. When the connection broke the message comes again, and is answered from the ledger.
func (s *natsSession) respond(message *nats.Msg, payload []byte) {
	if message.Reply != "" {
		_ = s.conn.Publish(message.Reply, payload)
	}
}

// puller asks a durable consumer for as many messages as there is room for. Every request has an inbox subject of its own, and a
// further request goes out when room grew while one is open, so that free slots do not wait for an old request to end.
type puller struct {
	session      *natsSession
	source       natsSource
	free         func() int
	onMessage    func(*natsSession, *nats.Msg)
	inbox        string
	subscription *nats.Subscription
	done         chan struct{}

	mutex     sync.Mutex
	isStopped bool
	// open: what each request may still bring, by its number.
	open    map[int]int
	order   []int
	asked   int
	next    int
	heardAt time.Time
}

func (p *puller) stop() {
	p.mutex.Lock()
	if p.isStopped {
		p.mutex.Unlock()
		return
	}
	p.isStopped = true
	p.mutex.Unlock()
	close(p.done)
	// Without the inbox the server serves none of our requests any more; otherwise it would give them what was just given back.
	if p.subscription.Drain() != nil {
		return
	}
	for deadline := time.Now().Add(natsClose); p.subscription.IsValid() && time.Now().Before(deadline); {
		time.Sleep(2 * time.Millisecond)
	}
}

// ask asks for what there is room for beyond what has been asked.
func (p *puller) ask() {
	free := p.free()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	batch := free - p.asked
	// While something is asked for, a single free slot is not worth a request of its own.
	if p.isStopped || batch <= 0 || (p.asked > 0 && batch*4 < free) {
		return
	}
	number := p.next
	p.next++
	p.open[number] = batch
	p.order = append(p.order, number)
	p.asked += batch
	p.heardAt = time.Now()
	request := fmt.Appendf(nil, `{"batch":%d,"expires":%d,"idle_heartbeat":%d}`, batch, pullExpires.Nanoseconds(), pullHeartbeat.Nanoseconds())
	_ = p.session.conn.PublishRequest("$JS.API.CONSUMER.MSG.NEXT."+outStream+"."+p.source.durable, p.inbox+strconv.Itoa(number), request)
}

func (p *puller) handle(message *nats.Msg) {
	// A status comes on our own subject, an event keeps the one it was published on.
	own, isStatus := strings.CutPrefix(message.Subject, p.inbox)
	p.mutex.Lock()
	p.heardAt = time.Now()
	if !isStatus {
		p.brought()
		p.mutex.Unlock()
		p.onMessage(p.session, message)
		return
	}
	p.mutex.Unlock()
	p.onStatus(own, message.Header.Get("Status"), strings.ToLower(message.Header.Get("Description")))
}

// brought: requests are served in the order they were made.
func (p *puller) brought() {
	for len(p.order) > 0 && p.open[p.order[0]] == 0 {
		delete(p.open, p.order[0])
		p.order = p.order[1:]
	}
	if len(p.order) > 0 {
		p.open[p.order[0]]--
		p.asked--
	}
}

func (p *puller) onStatus(own, code, description string) {
	if code == "100" {
		return
	}
	number, _ := strconv.Atoi(own)
	p.mutex.Lock()
	p.asked -= p.open[number]
	p.open[number] = 0
	p.mutex.Unlock()
	isGone := code == "503" || code == "409" && (strings.Contains(description, "deleted") || strings.Contains(description, "shutdown"))
	switch {
	case isGone:
		select {
		case p.session.gone <- struct{}{}:
		default:
		}
	case code == "404" || code == "408":
		p.ask()
	default:
		// After anything but the usual end a pause keeps a failing server from being hammered.
		time.AfterFunc(pullRetry, p.ask)
	}
}

func (p *puller) watch() {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-p.done:
			return
		case <-ticker.C:
			p.mutex.Lock()
			if p.asked > 0 && time.Since(p.heardAt) > pullSilence {
				p.open, p.order, p.asked = map[int]int{}, nil, 0
			}
			p.mutex.Unlock()
			p.ask()
		}
	}
}
