package slipway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"time"
)

const (
	abortGrace = time.Second
	tickMin    = 10 * time.Millisecond
)

func unquoted(text string) string {
	if read, err := url.PathUnescape(text); err == nil {
		return read
	}
	return text
}

// WorkerCounts are the figures of a service's attempts.
type WorkerCounts struct {
	Running, Started, Finished int
	// Errored: finished with status errored, among the finished.
	Errored int
	// Repeated: answered from the ledger, without running again.
	Repeated int
	// Dropped: ended without an answer.
	Dropped int
}

type running struct {
	ctx     *TaskContext
	task    *Task
	channel channel
}

type taken int

const (
	takenStarted taken = iota
	takenRunning
	takenAnswered
	takenUnknown
)

// worker runs attempts, whichever way they came. An attempt that runs is never started a second time, and one that was answered is
// answered again from the ledger. Its ways out: answered (the handler ended), or dropped (cancelled, or the service ended before the
// handler did; then nothing is sent, so that the control plane gives the attempt to another service).
type worker struct {
	tasks       map[string]*Task
	concurrency int
	beat        time.Duration
	ledger      Ledger
	log         *slog.Logger
	onFree      func(task string)
	done        chan struct{}

	mutex     sync.Mutex
	source    string
	running   map[string]*running
	runningOf map[string]int
	idle      []chan struct{}
	tick      time.Duration
	hurried   chan struct{}
	counts    WorkerCounts
}

func newWorker(tasks []*Task, o *Options) *worker {
	w := &worker{
		tasks: map[string]*Task{}, concurrency: o.Concurrency, beat: o.Heartbeat, ledger: o.Ledger, log: o.Log, source: o.Source,
		running: map[string]*running{}, runningOf: map[string]int{}, tick: max(tickMin, o.Heartbeat/4),
		hurried: make(chan struct{}, 1), done: make(chan struct{}), onFree: func(string) {},
	}
	for _, task := range tasks {
		w.tasks[task.name] = task
	}
	go w.beats()
	return w
}

func (w *worker) answerAs(source string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.source = source
}

func (w *worker) stats() WorkerCounts {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	counts := w.counts
	counts.Running = len(w.running)
	return counts
}

// freeSlots is how many more attempts of a task may start now.
func (w *worker) freeSlots(name string) int {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.free(name)
}

func (w *worker) free(name string) int {
	limit := w.concurrency
	if task := w.tasks[name]; task != nil && task.concurrency > 0 {
		limit = task.concurrency
	}
	return max(0, limit-w.runningOf[name])
}

func (w *worker) isRunning(attemptID string) bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.running[attemptID] != nil
}

// take takes an attempt. Where it returns takenRunning, the answer goes where the first delivery wanted it.
func (w *worker) take(t *trigger, channel channel) taken {
	task := w.tasks[t.task]
	if task == nil {
		return takenUnknown
	}
	w.mutex.Lock()
	if w.running[t.id] != nil {
		w.mutex.Unlock()
		return takenRunning
	}
	if answered := w.ledger.Get(t.id); answered != nil {
		w.counts.Repeated++
		w.mutex.Unlock()
		channel.send(answered)
		return takenAnswered
	}
	one := &running{newTaskContext(context.Background(), t, w.log, w.beat, w.onProgress), task, channel}
	w.running[t.id] = one
	w.runningOf[task.name]++
	w.counts.Started++
	w.hurry(one.ctx.beat)
	w.mutex.Unlock()
	go w.work(one)
	return takenStarted
}

// cancel: the control plane no longer wants this attempt. Whatever its handler answers is dropped.
func (w *worker) cancel(attemptID, why string) {
	w.mutex.Lock()
	one := w.running[attemptID]
	w.mutex.Unlock()
	if one != nil {
		one.ctx.cancel(fmt.Errorf("%w: %s", ErrAttemptCancelled, why))
	}
}

// drain waits until nothing runs. It aborts handlers that still run after so long, and leaves them behind a second later.
func (w *worker) drain(within time.Duration) {
	if w.isIdle(within) {
		return
	}
	reason := fmt.Errorf("%w: its handlers had %s to finish", ErrServiceEnding, within)
	for _, one := range w.all() {
		one.ctx.cancel(reason)
	}
	if w.isIdle(abortGrace) {
		return
	}
	left := w.all()
	w.log.Warn("handlers still run although their context told them to stop: their attempts are left to others", "left", len(left))
	for _, one := range left {
		w.drop(one, reason)
	}
}

func (w *worker) stop() { close(w.done) }

func (w *worker) all() []*running {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	all := make([]*running, 0, len(w.running))
	for _, one := range w.running {
		all = append(all, one)
	}
	return all
}

func (w *worker) work(one *running) {
	end := perform(one.task, one.ctx)
	defer one.ctx.cancel(nil)
	if reason := one.ctx.abortReason(); reason != nil {
		w.drop(one, reason)
		return
	}
	t := one.ctx.trigger
	w.mutex.Lock()
	source := w.source
	w.mutex.Unlock()
	answer, err := t.answer(phaseFinished, source, finishedData(one.task, t.whereabouts(), end))
	if err != nil {
		end = terminal("INVALID_OUTPUT", "the output cannot be written as JSON: "+err.Error())
		answer, _ = t.answer(phaseFinished, source, finishedData(one.task, t.whereabouts(), end))
	}
	if err := w.ledger.Remember(answer); err != nil {
		// The answer itself is more important than the memory of it.
		w.log.Error("the ledger could not keep an answer", "attempt", t.id, "error", err)
	}
	w.mutex.Lock()
	isLeft := w.running[t.id] != one
	if !isLeft {
		w.counts.Finished++
		if end.status == Errored {
			w.counts.Errored++
		}
	}
	w.mutex.Unlock()
	if isLeft {
		return // Left behind at the end of the service.
	}
	// Sent before it is no longer running: a repeat in between is not started again.
	one.channel.send(answer)
	w.release(one)
}

func (w *worker) drop(one *running, reason error) {
	w.mutex.Lock()
	isLeft := w.running[one.ctx.trigger.id] != one
	if !isLeft {
		w.counts.Dropped++
	}
	w.mutex.Unlock()
	if isLeft {
		return
	}
	one.channel.dropped(one.ctx.trigger.id, reason)
	w.release(one)
}

func (w *worker) release(one *running) {
	w.mutex.Lock()
	delete(w.running, one.ctx.trigger.id)
	w.runningOf[one.task.name]--
	if len(w.running) == 0 {
		for _, waiter := range w.idle {
			close(waiter)
		}
		w.idle = nil
	}
	w.mutex.Unlock()
	w.onFree(one.task.name)
}

func (w *worker) onProgress(ctx *TaskContext, progress Progress) {
	t := ctx.trigger
	w.mutex.Lock()
	one, source := w.running[t.id], w.source
	if one == nil || one.ctx != ctx || ctx.abortReason() != nil {
		w.mutex.Unlock()
		return
	}
	ctx.heardOf = time.Now()
	w.mutex.Unlock()
	data := map[string]any{}
	for name, value := range progress.Data {
		data[name] = value
	}
	for name, value := range t.whereabouts() {
		data[name] = value
	}
	if progress.Fraction >= 0 {
		data["fraction"] = progress.Fraction
	}
	if progress.Message != "" {
		data["message"] = progress.Message
	}
	answer, err := t.answer(phaseProgress, source, data)
	if err != nil {
		w.log.Error("progress cannot be written as JSON", "attempt", t.id, "error", err)
		return
	}
	one.channel.send(answer)
}

// hurry makes the tick fit the shortest beat; once as short, it stays: the same shipyard will send more.
func (w *worker) hurry(beat time.Duration) {
	if tick := max(tickMin, beat/4); tick < w.tick {
		w.tick = tick
		select {
		case w.hurried <- struct{}{}:
		default:
		}
	}
}

func (w *worker) beats() {
	for {
		w.mutex.Lock()
		tick := w.tick
		w.mutex.Unlock()
		timer := time.NewTimer(tick)
		select {
		case <-w.done:
			timer.Stop()
			return
		case <-w.hurried:
			timer.Stop()
		case <-timer.C:
		}
		for _, one := range w.all() {
			w.mutex.Lock()
			isDue := time.Since(one.ctx.heardOf) >= one.ctx.beat
			w.mutex.Unlock()
			if isDue {
				w.onProgress(one.ctx, Progress{Fraction: -1})
			}
		}
	}
}

func (w *worker) isIdle(within time.Duration) bool {
	w.mutex.Lock()
	if len(w.running) == 0 {
		w.mutex.Unlock()
		return true
	}
	waiter := make(chan struct{})
	w.idle = append(w.idle, waiter)
	w.mutex.Unlock()
	select {
	case <-waiter:
		return true
	case <-time.After(within):
		return false
	}
}

func isCancelled(reason error) bool { return errors.Is(reason, ErrAttemptCancelled) }
