from symmle.cli import main

raise SystemExit(main())
