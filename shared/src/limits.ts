/** Every bound of the hub that is part of its outer contract, each with its reason. Units are in the names. */

/**
 * A `client_metrics` message with every known field fits in 1 KiB; four times that leaves room for unknown fields.
 */
export const MAX_LISTENER_MESSAGE_BYTES = 4 * 1024;
/** 10 s of stereo at 96 kHz and 16 bit are 3.8 MB, a second of 8 channels at 96 kHz and 32 bit 3 MB. */
export const MAX_CHUNK_MESSAGE_BYTES = 4 * 1024 * 1024;
/** A chunk is 20 ms to 10 s; a minute in one chunk is a unit mistake (µs or samples for ms). */
export const MAX_CHUNK_DURATION_MS = 60_000;
/** SUBSCRIBE with every column named is 3 KB. */
export const MAX_LIVE_MESSAGE_BYTES = 16 * 1024;
/** Bodies of POST: an array of a few thousand reports. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** Known messages nest three deep; a decoder that recurses must stop somewhere. */
export const MAX_DEPTH = 8;
/**
 * Values and keys of one message of a socket: 100 events with every field have 1,500, and decoding takes up to 1 µs
 * each.
 */
export const MAX_MESSAGE_NODES = 4_096;
/** Values and keys of one record of a POST: a report with every field has 52, an alert with 16 labels 45. */
export const MAX_RECORD_NODES = 256;
/** A body of one alert or silence with every field as long as it may be, each character escaped in JSON, is 40 KB. */
export const MAX_ALERT_BODY_BYTES = 64 * 1024;

/** Stream names appear in URLs, labels and file names: `.` and `..` mean something else there. */
export const STREAM_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/;
/** A client's own name for itself (`?client=`): the same characters, so that it is safe wherever it is shown. */
export const CLIENT_ID = /^[A-Za-z0-9._-]{1,64}$/;
/** Streams a hub keeps at once: a flood of names must not grow tables without limit. */
export const MAX_STREAMS = 1_000;
/** Subscriptions one dashboard may hold: one for each table and stream that it shows, with room. */
export const MAX_SUBSCRIPTIONS_PER_SOCKET = 32;
/**
 * Chunks that wait for the turn of their listeners, of all streams together. A chunk without room is dropped, and
 * counted.
 */
export const MAX_WAITING_FAN_OUT_BYTES = 32 * 1024 * 1024;
/** Share of one stream: four chunks of the largest size. A stream that floods the hub leaves room for others. */
export const MAX_WAITING_FAN_OUT_BYTES_PER_STREAM = 16 * 1024 * 1024;
/** Room that each stream has in any case, however much waits for others: a second of stereo at 48 kHz and 16 bit. */
export const OWN_FAN_OUT_BYTES = 192 * 1024;
/**
 * Chunks that wait in one stream, dropped ones too: as many as may come at once. More are refused, because each takes
 * memory.
 */
export const MAX_WAITING_CHUNKS = 1_024;
/** Dashboards of one hub: each takes every frame of what it shows, and a listener is worth more than the 2,001st. */
export const MAX_DASHBOARDS = 2_000;
/** Distinct channels a hub computes: each has a baseline, and a view of 10,000 rows costs up to 0.3 ms a tick. */
export const MAX_CHANNELS = 256;

/**
 * Percent of the places of each kind (listeners, dashboards, streams, channels, raised alerts) that one address or
 * token may hold, unless configured. A crowd behind one address finds room, and one stranger leaves a quarter to all
 * others.
 */
export const DEFAULT_MAX_SHARE_PERCENT = 75;
/**
 * The last part of the places of a kind, percent: for addresses that hold few, so that full shares keep no newcomer
 * out.
 */
export const RESERVE_PERCENT = 10;
/** Channels that an address may also take from the reserve: a dashboard shows every table. */
export const FEW_CHANNELS = 8;
/** Alerts at once, pending and resolved ones included: a thousand streams without an engine, with room. */
export const MAX_ALERTS = 5_000;
/**
 * Alerts among them that are raised by hand, resolved ones included. They may last a week, and the rules must keep
 * their places.
 */
export const MAX_RAISED_ALERTS = 1_000;
/**
 * The next sockets of the address inherit a closed socket's used allowances for this long, because the longest
 * allowance is of a minute.
 */
export const KEPT_ALLOWANCE_MS = 60_000;
/** Allowances kept at once, 0.3 KB each: those of all places of a hub. */
export const MAX_KEPT_ALLOWANCES = 10_000;
/** `Retry-After`, s: by then places of idle streams and closed connections are free. */
export const RETRY_AFTER_S = 10;
/**
 * Rows of closed listeners at once. At 0.5 KB each they take 5 MB; a hub that loses 10,000 listeners still shows why
 * each left. If there are more, the oldest of the address with most of them go before their minute is over.
 */
export const MAX_CLOSED_ROWS = 10_000;

/** Rows of one table: slots are 32-bit on the wire, memory is the bound. */
export const MAX_ROWS = 1 << 20;
/**
 * Largest fixed-point integer in a cell. The difference of two fits in 2^53, so a float64 carries it exactly. Its
 * decimal in JSON rounds back to the same integer, which is not always so above 2^51.
 */
export const MAX_FIXED = 2 ** 51;

/** A stranger's number of milliseconds beyond a day, either way, is no reading. */
export const MAX_ABS_MS = 86_400_000;
/** A stranger's count beyond this is no reading: 100 chunks a second for a thousand years. */
export const MAX_COUNT = 2 ** 42;

/** Intervals of the live protocol. */
export const LIVE_INTERVALS_MS = [100, 250, 1_000, 5_000] as const;
/** An empty DELTA at least this often tells a quiet table from a dead hub. */
export const HEARTBEAT_MS = 1_000;
/** A dashboard that acknowledges and is further behind than this is skipped until it has caught up. */
export const MAX_UNACKED_MS = 2_000;
export const MAX_UNACKED_FRAMES = 16;
/** A dashboard that does not acknowledge is skipped while its socket holds more than this. */
export const MAX_LIVE_BACKLOG_BYTES = 64 * 1024;

/**
 * Bytes that may wait for all dashboards together. A snapshot of 10,000 rows is about 1.3 MB, so that 50 dashboards
 * may be behind at once; the bytes live outside the heap, and audio needs the memory more.
 */
export const MAX_LIVE_WAITING_BYTES = 64 * 1024 * 1024;
/** While they are used up, a dashboard that has read nothing for this long is closed. TCP tries again within 3 s. */
export const DEAD_DASHBOARD_MS = 10_000;
/** While they are used up, a dashboard that takes longer than this to read what waits for it is closed. */
export const SLOW_DASHBOARD_MS = 60_000;
/**
 * Cells that all channels remember together, with what comes with each row: 128 MB. That is 25 channels of every
 * column of 10,000 rows; a page shows far fewer rows.
 */
export const MAX_LIVE_CELLS = 16 * 1024 * 1024;

/**
 * A peer without any sign of life for this long is closed: a hidden tab's timers run once a minute, so not sooner
 * than 70 s.
 */
export const STALLED_MS = 120_000;
/** A connection without a report for this long is marked stale. */
export const STALE_MS = 30_000;
/** A player that speaks CMCD reports every 30 s where it is not told otherwise: this is three of its reports. */
export const CMCD_STALE_MS = 90_000;
/**
 * A body of CMCD: 60 records with every key of the standard. Anybody may send it, and a megabyte takes 0.2 s to read.
 */
export const MAX_CMCD_BYTES = 64 * 1024;
/** A closed row stays this long, with its reason. */
export const CLOSED_ROW_MS = 60_000;

/** Audio outstanding beyond which chunks are dropped, unless configured. */
export const DEFAULT_MAX_OUTSTANDING_MS = 2_000;
/** How often a listener is asked to report, and so to confirm. */
export const DEFAULT_REPORT_INTERVAL_MS = 2_000;
/**
 * Refused messages a minute. Beyond it a dashboard is closed, and an engine whose messages cannot be read. Further
 * refusals of reports and events are not answered: they must never cost anyone the audio.
 */
export const MAX_REFUSALS_PER_MIN = 60;
/**
 * Refusals a minute that each socket is told of, whatever earlier ones of its address had used: one for each
 * subscription that a page may hold. Only a socket's own refusals close it, because a neighbour's must not end an
 * honest page or engine.
 */
export const LEAST_REFUSALS_PER_MIN = 32;
/** Messages a second a listener may send before they are refused: 50 times what the SDK sends at its fastest. */
export const MAX_LISTENER_MESSAGES_PER_S = 50;
/**
 * Messages a second that end a listener's socket. A page that reports with every frame of a fast screen sends 240.
 */
export const MAX_LISTENER_FLOOD_PER_S = 500;

/** Requests a second of one dashboard: far above what any page needs. */
export const MAX_LIVE_REQUESTS_PER_S = 200;
/**
 * Requests that each socket may always make, whatever earlier ones of its address had used. Connecting again must
 * bring no new allowance, but an honest page may share its address with a stranger. 32 SUBSCRIBEs, a PING and the
 * ACKs fit.
 */
export const LEAST_LIVE_REQUESTS_PER_S = 100;
/**
 * SUBSCRIBEs of one dashboard within five seconds. Each costs a baseline and a snapshot, so the limit is twice what a
 * socket may hold, and again as many a few seconds later.
 */
export const MAX_SUBSCRIBES_PER_5_S = 64;
export const SUBSCRIBES_WINDOW_MS = 5_000;
/**
 * The same for SUBSCRIBEs: twice the seven tables. A client that connects again and again gets no more than this for
 * each socket, whose upgrade and WELCOME cost more. A page that asks for more gets the rest 5 s later.
 */
export const LEAST_SUBSCRIBES_PER_5_S = 16;

/**
 * Pings and pongs of one socket a second; more closes it (1008). The hub pings once in ten seconds, and browsers send
 * no pings of their own; each ping makes the hub write a pong.
 */
export const MAX_CONTROL_FRAMES_PER_S = 20;
/**
 * Frames of one socket a second, of every kind; more closes it (1008). An engine that catches up sends 1,000 chunks
 * at once.
 */
export const MAX_FRAMES_PER_S = 2_000;
/**
 * Chunks of one stream a second; more are refused. In real time, chunks of 20 ms are 50 a second and chunks of 10 ms
 * are 100. An engine that stays ahead of real time has its chunks dropped anyway. Each chunk costs a send for every
 * listener.
 */
export const MAX_CHUNKS_PER_S = 200;
/**
 * Chunks of one stream at once, after a pause of 5 s: 10 s of audio in chunks of 10 ms, for an engine that catches
 * up.
 */
export const MAX_CHUNKS_AT_ONCE = 1_000;
/**
 * Messages of the largest size that one socket may send a second, counted in bytes; more closes it (1008). A
 * synthesis that runs 20 times faster than real time sends 60 MB a second of the widest audio, and a listener 50 KB.
 */
export const MAX_FULL_MESSAGES_PER_S = 64;
/**
 * A message that is not finished after this long ends its socket (1008), if the transport shows unfinished messages.
 */
export const MESSAGE_DEADLINE_MS = 10_000;

/**
 * An engine that finishes no message for this long is closed (4002), whatever pongs it sends: uWebSockets.js hides
 * unfinished messages, and each may hold `MAX_CHUNK_MESSAGE_BYTES`. An engine with nothing to say sends an empty list
 * of events.
 */
export const ENGINE_MESSAGE_MS = 60_000;

/**
 * Bytes that open sockets without a token may hold in unfinished messages. Each counts as the largest message of its
 * route. 238 engines (4 MiB each), 10,000 listeners (4 KiB each) and 2,000 dashboards (16 KiB each) fit. More are
 * answered 503. Sockets with a token are not counted.
 */
export const MAX_UNFINISHED_BYTES = 1024 * 1024 * 1024;
/**
 * The share of one address: 100 engines, as one machine may run them, and 28,000 listeners. More are answered 429.
 */
export const MAX_UNFINISHED_BYTES_PER_ADDRESS = 512 * 1024 * 1024;
/** The same for sockets that are opened only to be refused: 16 of `/publish`, 16,000 of `/listen`. */
export const MAX_REFUSED_BYTES = 64 * 1024 * 1024;
/** The share of one address: 2 of `/publish`, 2,000 of `/listen`. More are refused without a socket (403). */
export const MAX_REFUSED_BYTES_PER_ADDRESS = 8 * 1024 * 1024;

/**
 * Records of one request: at ten events a second, what an engine did in a minute and a half. They are taken in time
 * slices.
 */
export const MAX_EVENTS = 1_000;
/** Events of one message on `/publish`, which is taken in one piece: a list of 1,000 holds the loop for 13 ms. */
export const MAX_PUBLISHED_EVENTS = 100;
/** Text on `/publish`: 100 events with every field are 30 KB. Audio comes as bytes. */
export const MAX_EVENTS_TEXT_BYTES = 64 * 1024;

/**
 * An alert that was raised by hand and that nobody raises again is over after this: its engine may have died
 * meanwhile.
 */
export const DEFAULT_RAISED_ALERT_S = 3_600;
/** An alert that fires for longer than a week without being raised again is a note, not an alert. */
export const MAX_RAISED_ALERT_S = 7 * 86_400;

/**
 * Conditions in one view or list: as many as anybody could want to type, and few enough to ask of every row at every
 * tick.
 */
export const MAX_CONDITIONS = 16;
/** Characters of one typed condition, or of its name or text in a view: the longest id of a row has 200. */
export const MAX_CONDITION_CHARACTERS = 1_024;

/**
 * Pieces a request body may come in: 1 MiB is 750 packets; each piece costs a call, and 4,096 calls hold the loop for
 * 4 ms.
 */
export const MAX_BODY_PIECES = 4_096;
/**
 * Bytes held for request bodies over all connections: 32 of the largest. More are refused with 503 and `Retry-After`.
 */
export const MAX_BODIES_BYTES = 32 * 1024 * 1024;
/** The share of one address, so that one stranger cannot take the place of all. */
export const MAX_BODIES_BYTES_PER_ADDRESS = 8 * 1024 * 1024;
/** A body must be complete this long after a route asks for it: 1 MiB at 35 KB a second. */
export const BODY_TIMEOUT_MS = 30_000;
/**
 * Plain requests that a hub starts in one turn of the event loop, over all connections. Audio waits for all of them.
 * The six connections of a browser need two turns.
 */
export const MAX_REQUESTS_PER_TURN = 4;
/** Requests of one connection that wait for their turn (`ws`). Browsers and Prometheus never pipeline. */
export const MAX_PIPELINED_REQUESTS = 16;
/**
 * Bytes of answers that wait for their readers, over all connections: 60 pages of 1,000 rows. Answers beyond it are
 * cut.
 */
export const MAX_UNREAD_BYTES = 64 * 1024 * 1024;
/** The share of one address: 15 such pages. */
export const MAX_UNREAD_BYTES_PER_ADDRESS = 16 * 1024 * 1024;
/** An answer that waits is cut after this time, and a second more for each `MIN_READ_BYTES_PER_S` of it. */
export const UNREAD_GRACE_MS = 10_000;
/** The slowest reader of an answer: 128 kbit a second. */
export const MIN_READ_BYTES_PER_S = 16 * 1024;
/**
 * Head of a request: 16 KB of headers, as cookies of a whole domain come through a proxy, and 4 KB for its first
 * line.
 */
export const MAX_HEAD_BYTES = 20 * 1024;
