"""python -m vggx"""

import sys

from vggx.cli import main

sys.exit(main())
