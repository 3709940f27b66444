import { givenToken, keepToken } from '../token.js';

interface Props {
  /** Purpose of the token. */
  readonly forRole: string;
}

/** Asks for the token that the hub wants. */
export function TokenForm({ forRole }: Props) {
  const wasRefused = givenToken() !== '';
  return (
    <form
      class="token-form"
      onSubmit={(event) => {
        event.preventDefault();
        const token = String(new FormData(event.currentTarget).get('token')).trim();
        if (token !== '') keepToken(token);
      }}
    >
      <h2>This hub asks for a token</h2>
      {wasRefused && (
        <p role="alert">
          It did not take the last one: it does not know it, or it has expired, or has not the role {forRole}.
        </p>
      )}
      <label>
        <span>Token with role {forRole}</span>
        <input type="password" name="token" autocomplete="off" spellcheck={false} required />
      </label>
      <button type="submit">Go on</button>
      <small>It is kept in this tab until you close it.</small>
    </form>
  );
}
