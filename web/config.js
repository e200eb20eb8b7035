// Empty: the API answers where the page comes from. Another origin must be added to connect-src in
// headers.json too.
export const API_BASE = "";
