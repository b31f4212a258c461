import { z } from 'zod';
import { defaultCodecLimits } from './cloudevents/limits.ts';
import { namingText } from './naming-text.ts';
import { resultSchema, statusSchema, taskErrorSchema } from './outcome.ts';

/**
 * The events in words: what each of them may carry, for the descriptions that are made from it (JSON Schema, OpenAPI)
 * and for programs that want to check what they send. The door itself checks envelopes by hand, in `cloudevents/`,
 * because every event passes there; test/event.test.ts holds the two together.
 */
const { idMax, typeMax, uriMax, attributeMax } = defaultCodecLimits;
const text = z.string().min(1).max(attributeMax);
const name = namingText(attributeMax).min(1);
const extension = z.union([z.string().max(attributeMax), z.boolean(), z.int32()]);

const attributes = {
  specversion: z.literal('1.0'),
  id: namingText(idMax).min(1).describe('With `source` the identity of the event: a repeat of both changes nothing'),
  source: z.string().min(1).max(uriMax).describe('The sender: a URI reference'),
  type: namingText(typeMax).min(1),
  subject: name.optional().describe('The run, in what the control plane sends'),
  time: text.meta({ format: 'date-time' }).optional(),
  datacontenttype: text.optional(),
  dataschema: z.string().min(1).max(uriMax).optional(),
  dataref: z.string().min(1).max(uriMax).optional().describe('Where the data is, when it is too large to travel'),
  traceparent: text.optional(),
  tracestate: text.optional(),
  data: z.unknown().optional(),
  data_base64: z.base64().optional(),
};

/** A CloudEvent 1.0.2 in the JSON format, with the extensions of the plain dialect. Other extensions are kept. */
export const cloudEventSchema = z
  .object({
    ...attributes,
    correlationid: name.optional().describe('The context: shared by everything that follows from one trigger'),
    causationid: name.optional().describe('The id of the event that this one answers'),
  })
  .catchall(extension)
  .describe('A CloudEvent 1.0.2 in the JSON format');

/** The same with Keptn's extensions. An event that comes in may use either spelling, or both. */
export const keptnCloudEventSchema = z
  .object({
    ...attributes,
    shkeptncontext: name.optional().describe('What `correlationid` is in the plain dialect'),
    triggeredid: name.optional().describe('What `causationid` is in the plain dialect'),
    shkeptnspecversion: text.optional(),
    gitcommitid: name.optional().describe('The version of the shipyard that the run began with'),
  })
  .catchall(extension)
  .describe('A CloudEvent 1.0.2 in the JSON format, in the spelling of Keptn v1');

const TASK_OBJECT = 'One object under the name of the task holds';

/** The data of one dialect, whose words for status and result these are. */
function dataSchemas<S extends z.ZodType, R extends z.ZodType>(status: S, result: R) {
  const common = {
    project: z.string().optional().describe('Default `default`'),
    stage: z.string().optional(),
    service: namingText(256).optional().describe('The service that the run is about'),
    labels: z.record(z.string(), z.string()).optional(),
    status: status.optional().describe('Missing in a finished event means succeeded'),
    result: result.optional().describe('Missing in a finished event means pass'),
    message: z.string().optional().describe('For people'),
  };
  return {
    triggered: z
      .looseObject(common)
      .describe(
        `Data of a triggered event. ${TASK_OBJECT} its input; the outputs of the tasks before it stand under their names.`,
      ),
    started: z.looseObject(common).describe('Data of a started event: a service has begun the task.'),
    statusChanged: z
      .looseObject({
        ...common,
        fraction: z.number().min(0).max(1).optional().describe('How much of the work is done'),
      })
      .describe('Data of a status.changed event: progress, and a sign of life.'),
    finished: z
      .looseObject({
        ...common,
        error: taskErrorSchema.optional().describe('Why the attempt failed; decides whether there is another'),
      })
      .describe(`Data of a finished event. ${TASK_OBJECT} its output.`),
  };
}

const plain = dataSchemas(statusSchema, resultSchema);
/** Keptn's Go library writes a word that was never set as an empty text. */
const keptn = dataSchemas(z.union([statusSchema, z.literal('')]), z.union([resultSchema, z.literal('')]));

/** Data of `<task>.triggered` and `<stage>.<sequence>.triggered`. */
export const triggeredDataSchema = plain.triggered;
export const keptnTriggeredDataSchema = keptn.triggered;
export type TriggeredData = z.infer<typeof triggeredDataSchema>;

/** Data of `<task>.started`. */
export const startedDataSchema = plain.started;
export const keptnStartedDataSchema = keptn.started;
export type StartedData = z.infer<typeof startedDataSchema>;

/** Data of `<task>.status.changed`. */
export const statusChangedDataSchema = plain.statusChanged;
export const keptnStatusChangedDataSchema = keptn.statusChanged;
export type StatusChangedData = z.infer<typeof statusChangedDataSchema>;

/** Data of `<task>.finished` and `<stage>.<sequence>.finished`. */
export const finishedDataSchema = plain.finished;
export const keptnFinishedDataSchema = keptn.finished;
export type FinishedData = z.infer<typeof finishedDataSchema>;
