// The page on which students join with a code; a link may carry it behind the #, where no server sees it.

import { ClassPanel } from "./class.js";
import { $ } from "./dom.js";

new ClassPanel($("class"), { viaThisMachine: false, code: new URLSearchParams(location.hash.slice(1)).get("code") ?? "" });
