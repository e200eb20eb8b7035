// Every sentence of the page, by language.

import { ENGLISH } from "./english.js";
import { SPANISH } from "./spanish.js";

export const MESSAGES = { en: ENGLISH, es: SPANISH };
