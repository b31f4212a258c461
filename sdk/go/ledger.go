package slipway

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"sync"
)

// Ledger remembers the attempts that were answered, with their answers. A trigger can come again long after its answer went out (the
// bus delivers at least once); it then gets the same answer, and the handler does not run a second time.
type Ledger interface {
	Get(attemptID string) *Answer
	// Remember is called before the answer goes out; it goes when Remember returns.
	Remember(answer *Answer) error
	Close() error
}

const (
	answersMax = 10_000
	sizeMax    = 32 << 20
	// The file is rewritten when it has so many times the lines that are remembered.
	rewriteAt = 2
)

// MemoryLedger keeps the last answers for as long as the process lives.
type MemoryLedger struct {
	mutex        sync.Mutex
	answers      map[string]*Answer
	order        []string
	size         int
	max, sizeMax int
}

// NewMemoryLedger keeps 10,000 answers and 32 MB at most.
func NewMemoryLedger() *MemoryLedger {
	return &MemoryLedger{answers: map[string]*Answer{}, max: answersMax, sizeMax: sizeMax}
}

// Get returns the answer to an attempt, or nil.
func (l *MemoryLedger) Get(attemptID string) *Answer {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.answers[attemptID]
}

// Remember keeps an answer, and forgets the oldest when there are too many.
func (l *MemoryLedger) Remember(answer *Answer) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if earlier := l.answers[answer.AttemptID]; earlier != nil {
		l.size -= len(earlier.JSON)
	} else {
		l.order = append(l.order, answer.AttemptID)
	}
	l.answers[answer.AttemptID] = answer
	l.size += len(answer.JSON)
	for len(l.order) > 1 && (len(l.order) > l.max || l.size > l.sizeMax) {
		l.size -= len(l.answers[l.order[0]].JSON)
		delete(l.answers, l.order[0])
		l.order = l.order[1:]
	}
	return nil
}

// Close does nothing.
func (l *MemoryLedger) Close() error { return nil }

func (l *MemoryLedger) all() []*Answer {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	all := make([]*Answer, len(l.order))
	for at, id := range l.order {
		all[at] = l.answers[id]
	}
	return all
}

// FileLedger outlives the process: one JSON line per answer, in a file that one process owns. An answer goes out once its line is on
// the disk, so that an attempt whose answer went out is never run again, whatever crashes.
type FileLedger struct {
	memory *MemoryLedger
	path   string
	mutex  sync.Mutex
	file   *os.File
	lines  int
	// batch is what ends while a write is under way, and shares the next one.
	batch *ledgerBatch
	// writing lets one batch be written while the next one fills.
	writing sync.Mutex
}

type ledgerBatch struct {
	answers []*Answer
	done    chan struct{}
	err     error
}

// OpenFileLedger reads what the file has, and makes it where there is none.
func OpenFileLedger(path string) (*FileLedger, error) {
	ledger := &FileLedger{memory: NewMemoryLedger(), path: path}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for line := range bytes.Lines(text) {
		var answer Answer
		// The last line may be torn by a crash: its answer did not go out.
		if json.Unmarshal(line, &answer) == nil && answer.ID != "" && answer.AttemptID != "" && answer.Subject != "" {
			_ = ledger.memory.Remember(&answer)
		}
	}
	return ledger, ledger.rewrite()
}

// Get returns the answer to an attempt, or nil.
func (l *FileLedger) Get(attemptID string) *Answer { return l.memory.Get(attemptID) }

// Remember returns once the answer is on the disk.
func (l *FileLedger) Remember(answer *Answer) error {
	l.mutex.Lock()
	batch := l.batch
	leads := batch == nil
	if leads {
		batch = &ledgerBatch{done: make(chan struct{})}
		l.batch = batch
	}
	batch.answers = append(batch.answers, answer)
	l.mutex.Unlock()
	if leads {
		l.write(batch)
	}
	<-batch.done
	if batch.err != nil {
		return batch.err
	}
	return l.memory.Remember(answer)
}

// Close closes the file.
func (l *FileLedger) Close() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.file.Close()
}

func (l *FileLedger) write(batch *ledgerBatch) {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mutex.Lock()
	l.batch = nil
	answers := batch.answers
	l.mutex.Unlock()
	batch.err = l.append(answers)
	close(batch.done)
}

func (l *FileLedger) append(answers []*Answer) error {
	if l.lines+len(answers) > rewriteAt*l.memory.max {
		if err := l.file.Close(); err != nil {
			return err
		}
		if err := l.rewrite(); err != nil {
			return err
		}
	}
	text, err := linesOf(answers)
	if err != nil {
		return err
	}
	if _, err := l.file.Write(text); err != nil {
		return err
	}
	l.lines += len(answers)
	return l.file.Sync()
}

// rewrite writes a file beside it that takes its place, so that a crash leaves the old one or the new one.
func (l *FileLedger) rewrite() error {
	answers := l.memory.all()
	text, err := linesOf(answers)
	if err != nil {
		return err
	}
	part := l.path + ".part"
	file, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(part, l.path)
	}
	if err != nil {
		return err
	}
	l.lines = len(answers)
	l.file, err = os.OpenFile(l.path, os.O_APPEND|os.O_WRONLY, 0o600)
	return err
}

func linesOf(answers []*Answer) ([]byte, error) {
	var text bytes.Buffer
	for _, answer := range answers {
		line, err := toJSON(answer)
		if err != nil {
			return nil, err
		}
		text.Write(line)
		text.WriteByte('\n')
	}
	return text.Bytes(), nil
}
