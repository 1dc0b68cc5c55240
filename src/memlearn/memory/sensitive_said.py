"""What says of a person what is never stated, in English, with some German and Italian; `*` stands for any letters.

Words that are too common in names to be watched for there (`sensitive_words` has those of names).
"""

from __future__ import annotations

from typing import Final

STATED: Final[dict[str, tuple[str, ...]]] = {
    "health": (
        "ill", "illness*", "sick", "sickness", "disease*", "diagnos*", "chronic*", "symptom*", "disab*", "handicap*", "mental health", "mentally",
        "depress*", "anxiety", "addict*", "alcoholi*", "drinking problem*", "overweight", "obes*", "allerg*", "intoleran*", "infect*", "injur*",
        "in poor health", "health", "unhealthy", "unwell", "on a diet", "dieting", "medically", "krank", "krankheit*", "behinder*", "suechtig", "malat*",
        "disabil*", "epilep*", "dementia", "autis*", "adhd", "stroke", "heart condition*", "suicid*", "burnout", "burned out", "burnt out",
        "recovering from", "anorex*", "anorectic", "bulimi*", "eating disorder*", "binge eat*", "weight problem*", "losing weight", "lose weight",
        "lost weight", "underweight", "overeat*", "weight watcher*", "watches their weight", "watching their weight", "body mass", "bmi", "fasting", "sober",
        "in recovery", "drinks too much", "drinking too much", "drinks heavily", "heavy drinker*", "heavy drinking", "binge drink*", "problem drinker*",
        "drunk", "drunkard*", "smoker*", "smokes", "chain smok*", "smoking habit", "is smoking", "quit smoking", "stopped smoking", "gave up smoking",
        "quits smoking", "drug user*", "drug use", "takes drugs", "uses drugs", "on drugs", "drug problem*", "drug abuse", "substance abuse", "junkie*",
        "insomni*", "sleepless*", "sleep problem*", "trouble sleeping", "cannot sleep", "migraine*", "arthrit*", "back pain", "chronic pain", "joint pain",
        "in pain", "suffers from", "suffering from", "suffers with", "ailing", "ailment*", "is a patient", "patient of", "under treatment", "treatment for",
        "in therapy", "therapy", "counselling", "counseling", "pills", "hospitali*", "transplant*", "chemo*", "cholesterol", "hypertens*", "celiac",
        "coeliac", "panic attack*", "bipolar", "schizo*", "psychosis", "psychotic", "psychopath*", "ptsd", "trauma*", "ocd", "mental", "nervous breakdown",
        "self harm*", "is blind", "going blind", "legally blind", "blind person", "blind user", "visually impaired", "impaired", "impairment*",
        "hard of hearing", "is deaf", "deaf person", "hearing loss", "crippled", "special needs", "learning difficult*", "dyslex*", "asperger*",
        "alzheimer*", "parkinson*", "multiple sclerosis", "copd", "covid", "has aids", "hepatitis", "std", "stds", "sexually transmitted", "immunocomp*",
        "immune system", "has a fever", "has the flu", "frail*", "terminally", "weak heart", "heart attack*", "heart problem*", "heart trouble",
        "kidney failure", "kidney problem*", "liver problem*", "high blood", "menopaus*", "impoten*", "erectile*", "cosmetic surgery", "abhaengig",
        "trinkt zu viel", "raucher*", "depressiv*", "essstorung*", "fumatore", "fumatrice",
    ),
    "pregnancy": (
        "expectant", "expecting a baby", "expecting a child", "new baby", "newborn*", "gave birth", "giving birth", "childbirth", "mother to be", "miscarr*",
        "trying to conceive", "trying for a baby", "trying for a child", "trying for children", "trying for kids", "wants a baby", "wants a child",
        "wants children", "wants kids", "hopes for a baby", "hoping for a baby", "hoping for a child", "planning a family", "starting a family",
        "start a family", "is expecting", "expecting soon", "expecting twins", "expecting again", "expecting a girl", "expecting a boy", "expects a baby",
        "expects a child", "with child", "bun in the oven", "due date", "baby bump", "mum to be", "mom to be", "mothers to be", "parent to be",
        "parents to be", "father to be", "dad to be", "new mother", "new mom", "new mum", "new parent*", "new father", "new dad", "first time mother*",
        "first time parent*", "breastfe*", "breast fe*", "lactating", "nursing mother*", "conceive", "conceiving", "ovulat*", "infertil*", "period pain*",
        "her period", "on the pill", "birth control", "morning sickness", "had a baby", "had a child", "having a baby", "having a child", "schwanger",
        "erwartet ein kind", "aspetta un bambino", "baby on the way", "family on the way", "trimester*", "incinta",
    ),
    "religion": (
        "believer*", "pray", "prays", "prayer*", "praying", "worship*", "ramadan", "sabbath", "devout", "pious", "atheis*", "agnostic*", "jew", "jews",
        "christians", "sikh*", "mormon*", "orthodox", "pilgrim*", "glaeubig", "glaubig", "religiousness", "eid", "hanukkah", "chanukah", "diwali",
        "observes lent", "during lent", "for lent", "keeps lent", "goes to mass", "attends mass", "sunday mass", "baptis*", "baptiz*", "christening",
        "holy communion", "bar mitzvah", "bat mitzvah", "god fearing", "believes in god", "in god", "of faith", "their faith", "his faith", "her faith",
        "strong faith", "by faith", "hijab*", "headscarf*", "turban", "rabbi", "imam", "evangelical*", "pentecostal*", "methodist*", "lutheran*", "jehovah*",
        "scientolog*", "secular", "unbeliever*", "born again", "churchgo*", "mecca", "hajj", "umrah", "shabbat", "vatican", "pork free", "eats no pork",
        "eats no beef", "no pork for", "teetotal*",
    ),
    "politics": (
        "votes", "voter", "voters", "voting", "conservative voter*", "left wing", "right wing", "leftist*", "progressive views", "activis*", "party member*",
        "socialist*", "communist*", "union member*", "trade unionist*", "liberal views", "democrat", "republican", "far right", "far left", "nationalist*",
        "vote", "voted", "left leaning", "right leaning", "leans left", "leans right", "leaning left", "leaning right", "is liberal", "a liberal",
        "liberals", "liberal minded", "libertarian*", "is conservative", "a conservative", "conservatives", "conservative values", "conservative views",
        "marxis*", "anarchis*", "fascis*", "nazi*", "populis*", "green party", "the greens", "tory", "tories", "maga", "brexit*", "feminis*", "pro life",
        "pro choice", "antifa", "protests", "protester*", "campaigner*", "campaigns for", "petition*", "party donor*", "party supporter*",
        "supports a party", "donates to a party", "on strike", "union dues", "union rep*", "union organi*", "in a union", "in the union", "of a union",
        "of the union", "a unionist", "unionist*", "unioni*", "joined a union", "belongs to a union", "works council*", "shop steward*", "ver di",
        "ig metall", "patriotic", "left winger*", "right winger*", "wahlt", "waehlt",
    ),
    "sexuality": (
        "homosexual*", "heterosexual*", "bisexual*", "straight man", "straight woman", "transgender*", "trans woman", "trans man", "sexuality", "sex life",
        "sexual orientation", "same sex", "pansexual*", "asexual*", "transsexual*", "trans person", "is trans", "non binary", "nonbinary", "gender identity",
        "gender fluid", "drag queen*", "attracted to men", "attracted to women", "likes men", "likes women", "into men", "into women", "is straight",
        "straight guy", "coming out", "came out as", "closeted", "promiscu*", "has an affair", "having an affair", "love affair*", "extramarital",
        "adulter*", "cheats on", "cheating on", "unfaithful", "dates men", "dates women", "dating app*", "hookup*", "one night stand*", "fetish*", "kinky",
        "bdsm", "porn*", "prostitut*", "brothel*", "swinger*", "libido", "a virgin", "his boyfriend", "his husband", "her girlfriend", "her wife",
        "pride parade*", "intimate life", "love life", "schwul", "lesbisch",
    ),
    "ethnicity": (
        "ethnicity", "racial*", "skin colour", "skin color", "immigrant*", "immigrated", "migration background", "foreign born", "native speaker*",
        "of origin", "nationality", "descent", "ancestry", "cultural heritage", "family roots", "has roots", "roots in", "black person", "black man",
        "black woman", "black people", "black american*", "black family", "black community", "user is black", "customer is black", "user is white",
        "customer is white", "white person", "white man", "white woman", "white people", "caucasian*", "afro american*", "arab", "arabs", "is asian",
        "asian person", "asian background", "asian woman", "asian man", "is african", "african background", "native american*", "indigenous", "aboriginal*",
        "sinti", "latinx", "chicano", "chicana", "mixed race", "biracial", "person of colour", "person of color", "people of colour", "people of color",
        "dark skinned", "light skinned", "foreigner*", "expat", "expats", "asylum*", "undocumented", "deport*", "born in", "born abroad",
        "second generation", "mother tongue", "native tongue", "country of birth", "home country", "homeland", "auslander*", "immigrato", "immigrata",
        "roma people", "gypsy", "turkish origin",
    ),
    "hardship": (
        "in debt", "indebted*", "debts", "overdrawn", "overdraft*", "bankrupt*", "insolven*", "insolvency", "financial difficult*", "financial trouble*",
        "financial distress", "financial hardship", "financially struggling", "struggling financially", "money problem*", "money trouble*", "money worries",
        "cannot afford", "can t afford", "short of money", "short on money", "unemployed", "jobless", "lost their job", "lost his job", "lost her job",
        "out of work", "laid off", "poverty", "low income", "is poor", "went broke", "is broke", "gambling problem*", "compulsive*", "payday loan*",
        "arrears", "make ends meet", "making ends meet", "makes ends meet", "ends meet", "welfare", "on benefits", "receives benefits", "gets benefits",
        "benefit claimant*", "unemployment", "food stamps", "food bank*", "foodbank*", "hartz*", "burgergeld", "buergergeld", "sozialhilfe",
        "social assistance", "social security", "income support", "on the dole", "housing benefit*", "paycheck to paycheck", "payday to payday",
        "hand to mouth", "tight on money", "tight for money", "money is tight", "cash strapped", "strapped for cash", "hard up", "skint", "penniless",
        "destitut*", "impoverish*", "seems poor", "poor person", "poor family", "poor household", "financially", "financial stress*", "financial strain",
        "financial pressure", "financial worr*", "financial crisis", "financial need*", "beyond their means", "beyond his means", "beyond her means",
        "overextended", "over extended", "maxed out", "behind on", "late on rent", "missed payment*", "missed a payment", "defaulted", "bad credit",
        "poor credit", "credit score", "creditworth*", "debt", "debtor*", "debt collect*", "repossess*", "foreclos*", "evict*", "homeless*", "pawn",
        "pawnshop*", "loan shark*", "bounced", "insufficient funds", "runs out of money", "out of money", "short of cash", "low on cash", "low on money",
        "lost the job", "got fired", "was fired", "got sacked", "was sacked", "made redundant", "between jobs", "job seeker*", "jobseeker*",
        "looking for work", "looking for a job", "without work", "without a job", "out of a job", "no job", "no income", "loss of income", "lost income",
        "low earner*", "low wage*", "low paid", "poorly paid", "cannot pay", "can t pay", "cant pay", "cant afford", "unable to pay", "unable to afford",
        "fails to pay", "needy", "always broke", "often broke", "seems broke", "gambler*", "gambling", "gambles", "betting problem*", "bets too much",
        "pleite", "arm wie", "ueberschuldet", "uberschuldet", "arbeitslos",
    ),
    "crime": (
        "criminal*", "convict*", "felon*", "prison*", "jail*", "incarcerat*", "inmate*", "arrested", "ex con", "on probation", "on parole", "thief",
        "thieves", "steals", "stealing", "stolen", "shoplift*", "fraud", "frauds", "fraudster*", "fraudulent*", "scammer*", "money launder*",
        "launders money", "drug deal*", "drug traffick*", "burglar*", "robber", "robbers", "murderer*", "domestic abuse", "domestic violence", "abuser*",
        "offender*", "police record", "breaks the law", "illegal*", "illicit*", "cannabis", "marijuana", "cocaine", "heroin", "smokes weed", "counterfeit*",
        "terroris*", "extremis*", "vorbestraft", "kriminell*",
    ),
    "children": (
        "underage", "minors", "is a minor", "under 18", "is a child", "their child", "her child", "his child", "their children", "her children",
        "his children", "their son", "her son", "his son", "their daughter", "her daughter", "his daughter", "their kid", "their kids", "her kids",
        "his kids", "her kid", "his kid", "their baby", "her baby", "his baby", "their toddler", "her toddler", "his toddler", "year old son",
        "year old daughter", "year old child", "year old kid", "year old boy", "year old girl", "month old baby", "child aged", "children aged", "son aged",
        "daughter aged", "has a child", "has children", "has kids", "has a kid", "has a baby", "has a son", "has a daughter", "has a toddler",
        "has an infant", "has small children", "has young children", "has school age*", "single mother*", "single parent*", "single mum*", "single mom*",
        "single dad*", "single father*", "child custody", "custody of", "goes to school", "at school", "in kindergarten",
    ),
}  # fmt: skip
"""Topic → words and phrases. What is no topic of the config is never inferred, whatever is configured."""

_PEOPLES = (
    "turkish", "turk", "polish", "pole", "russian", "german", "french", "italian", "spanish", "greek", "chinese", "japanese", "korean", "indian",
    "pakistani", "mexican", "american", "african", "syrian", "afghan", "iraqi", "iranian", "nigerian", "moroccan", "vietnamese", "romanian", "bulgarian",
    "ukrainian", "serbian", "croatian", "albanian", "kurdish", "kurd", "persian", "asian", "arabic", "arabian", "jewish", "british", "irish", "dutch",
    "portuguese", "brazilian",
)  # fmt: skip
_OF_A_PEOPLE = (
    "national", "citizen", "descent", "background", "roots", "heritage", "origin", "ancestry", "immigrant", "native", "by birth", "person", "man", "woman",
    "family", "household", "ethnicity", "blood",
)  # fmt: skip
_SHUNS = (
    "avoids", "avoid", "shuns", "abstains from", "abstaining from", "refrains from", "stays away from", "stays off", "steers clear of", "keeps away from",
    "keeps off", "does not eat", "doesnt eat", "never eats", "will not eat", "wont eat", "does not touch", "never touches", "does not drink", "doesnt drink",
    "never drinks", "is allergic to", "must not eat", "cannot eat", "can t eat", "cant eat", "may not eat", "not allowed to eat", "forbidden to eat",
)  # fmt: skip
_SHUNNED = (
    "pork", "beef", "ham", "bacon", "alcohol", "shellfish", "wine", "beer", "gluten", "lactose", "dairy", "nuts", "peanuts", "sugar", "meat on fridays",
    "meat",
)  # fmt: skip

INFERRED: Final[dict[str, tuple[str, ...]]] = {
    "ethnicity": tuple(f"{people} {word}" for people in _PEOPLES for word in _OF_A_PEOPLE),
    "religion": tuple(f"{shuns} {food}" for shuns in _SHUNS for food in _SHUNNED),
}
"""Topic → phrases made of two lists: of which people somebody is, and what somebody will not eat or drink."""

LONE: Final[dict[str, tuple[str, ...]]] = {
    "health": (
        "blind", "deaf", "fat", "obese", "lame", "frail", "dying", "sickly", "on pills", "alcoholic",
    ),
    "pregnancy": (
        "expecting", "fertile", "in the family way",
    ),
    "politics": (
        "left", "right", "green", "liberal", "conservative", "progressive", "labour",
    ),
    "sexuality": (
        "straight", "bi", "trans", "queer", "single and looking",
    ),
    "ethnicity": (
        "black", "white", "brown", "coloured", "foreign", "oriental", *_PEOPLES,
    ),
    "hardship": (
        "poor", "broke", "needy", "fired", "hard up", "short of cash",
    ),
    "crime": (
        "guilty", "violent", "a gangster", "a thief",
    ),
}  # fmt: skip
"""Topic → words that say so where they are all that a line says, a supposition or a subject apart: `Probably black.`"""
