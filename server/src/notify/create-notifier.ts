import type { Notifier, Teller } from './notifier.js';
import { Alertmanager } from './notifiers/alertmanager.js';
import { Discord } from './notifiers/discord.js';
import { Email } from './notifiers/email.js';
import { File } from './notifiers/file.js';
import { PagerDuty } from './notifiers/pagerduty.js';
import { Slack } from './notifiers/slack.js';
import { Webhook } from './notifiers/webhook.js';
import { basic, Outbound } from './outbound.js';
import { bytesOf, type NotifierSettings } from './settings.js';

/** Create a notifier with its own connections. */
export function createNotifier(settings: NotifierSettings, teller: Teller): Notifier {
  switch (settings.type) {
    case 'webhook':
      return new Webhook({ url: settings.url, secret: settings.secret ?? null }, outboundOf(settings), teller);
    case 'slack': {
      const { token, channel, apiUrl, url } = settings;
      const bot = token === undefined || channel === undefined ? null : { token, channel, apiUrl };
      return new Slack({ bot, url: url ?? null }, new Outbound(settings.allowHosts), teller);
    }
    case 'discord':
      return new Discord(settings.url, new Outbound(settings.allowHosts), teller);
    case 'pagerduty':
      return new PagerDuty(settings, new Outbound(settings.allowHosts), teller);
    case 'email': {
      const { user, password, ...rest } = settings;
      const auth = user === undefined || password === undefined ? null : { user, pass: password };
      return new Email({ ...rest, auth }, teller);
    }
    case 'alertmanager':
      return new Alertmanager(settings.url, outboundOf(settings), teller);
    case 'file':
      return new File({ path: settings.path, maxBytes: bytesOf(settings.maxMb), keep: settings.keep });
  }
}

/** Create a sender for a receiver that may ask for a user and a password, or for a bearer token. */
function outboundOf(settings: Extract<NotifierSettings, { type: 'webhook' | 'alertmanager' }>): Outbound {
  const { allowHosts, user, password, bearer } = settings;
  if (bearer !== undefined) return new Outbound(allowHosts, undefined, `Bearer ${bearer}`);
  if (user === undefined || password === undefined) return new Outbound(allowHosts);
  return new Outbound(allowHosts, undefined, basic(user, password));
}

/** Return the receiver's address without its secrets. */
export function targetOf(settings: NotifierSettings): string {
  switch (settings.type) {
    case 'file':
      return settings.path;
    case 'email':
      return `${settings.host}:${settings.port}`;
    case 'slack':
      return settings.channel ?? new URL(settings.url as string).host;
    default:
      return new URL(settings.url).host;
  }
}
